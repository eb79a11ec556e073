-- What figures are counted by stands in the ticket, so that a year of them is read from one index.
ALTER TABLE tickets ADD device_model text, ADD repeated boolean NOT NULL DEFAULT false,
    ADD visits_begun integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN tickets.device_model IS 'Of its device, which never changes. Kept by the database, as the next two are.';
COMMENT ON COLUMN tickets.repeated IS 'The device had a ticket of this failure mode before.';
COMMENT ON COLUMN tickets.visits_begun IS 'How often work on it was started.';
UPDATE tickets t
SET device_model = d.device_model,
    repeated = EXISTS (SELECT FROM tickets o
        WHERE o.device_id = t.device_id AND o.failure_mode = t.failure_mode AND o.ticket_id < t.ticket_id),
    visits_begun = (SELECT count(*) FROM ticket_events e WHERE e.ticket_id = t.ticket_id AND e.what = 'started')
FROM devices d WHERE d.device_id = t.device_id;

-- Two tickets of a device and failure mode are never opened at the same time: tickets_unsettled lets one of them in.
CREATE FUNCTION note_past_of_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT device_model INTO NEW.device_model FROM devices WHERE device_id = NEW.device_id;
    NEW.repeated := EXISTS (SELECT FROM tickets WHERE device_id = NEW.device_id AND failure_mode = NEW.failure_mode);
    RETURN NEW;
END $$;
CREATE TRIGGER tickets_note_past BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION note_past_of_ticket();
CREATE FUNCTION count_visit_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets SET visits_begun = visits_begun + 1 WHERE ticket_id = NEW.ticket_id;
    RETURN NULL;
END $$;
CREATE TRIGGER ticket_events_count_begun AFTER INSERT ON ticket_events
    FOR EACH ROW WHEN (NEW.what = 'started') EXECUTE FUNCTION count_visit_begun();

DROP INDEX tickets_by_closure, ticket_events_started, device_events_failures;
CREATE INDEX tickets_closed ON tickets (closed_at) INCLUDE (ticket_id, device_id, device_model, failure_mode, opened_at, need_by,
    closure_code, prediction_id, visits_begun) WHERE state = 'closed';
CREATE INDEX tickets_repeated ON tickets (device_id, failure_mode) INCLUDE (ticket_id, opened_at, state) WHERE repeated;
CREATE INDEX device_events_failures ON device_events (ts) INCLUDE (device_id, code) WHERE kind = 'failure';
