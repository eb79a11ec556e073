-- Where an alarm belongs stands in the alarm, so that lists and counts need not ask each device for it.
ALTER TABLE alarms ADD COLUMN at_customer text, ADD COLUMN at_site text;
COMMENT ON COLUMN alarms.at_customer IS
    'Whose site or device it is about now; null for an alarm about a device model. Kept by the database, as at_site is.';
UPDATE alarms a SET at_customer = d.customer, at_site = d.site FROM devices d WHERE d.device_id = a.device_id;
UPDATE alarms SET at_customer = customer, at_site = site WHERE site IS NOT NULL;

CREATE FUNCTION note_place_of_alarm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at_customer := NEW.customer;
    NEW.at_site := NEW.site;
    IF NEW.device_id IS NOT NULL THEN
        SELECT customer, site INTO NEW.at_customer, NEW.at_site FROM devices WHERE device_id = NEW.device_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alarms_note_place BEFORE INSERT ON alarms FOR EACH ROW EXECUTE FUNCTION note_place_of_alarm();
CREATE FUNCTION move_alarms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE alarms SET at_customer = NEW.customer, at_site = NEW.site WHERE device_id = NEW.device_id;
    RETURN NULL;
END $$;
CREATE TRIGGER devices_move_alarms AFTER UPDATE OF customer, site ON devices
    FOR EACH ROW WHEN ((OLD.customer, OLD.site) <> (NEW.customer, NEW.site)) EXECUTE FUNCTION move_alarms();

-- The device is asked too: an alarm that was raised while its device changed hands may bear the customer of before.
DROP POLICY of_customer ON alarms;
CREATE POLICY of_customer ON alarms AS RESTRICTIVE FOR SELECT TO aftercare_customer
    USING (at_customer = current_setting('aftercare.customer')
        AND (device_id IS NULL OR device_id IN (SELECT device_id FROM devices)));

-- Counts by place, read from the index alone.
CREATE INDEX alarms_uncleared_at ON alarms (at_customer, at_site, severity, acknowledged, deferred, shelved_until, device_id)
    WHERE active;
-- Lists, newest first, of what few of many rows are.
CREATE INDEX alarms_of_customer ON alarms (at_customer, alarm_id DESC);
CREATE INDEX alarms_shelved ON alarms (alarm_id DESC) WHERE active AND shelved_until IS NOT NULL;
CREATE INDEX alarms_deferred ON alarms (alarm_id DESC) WHERE deferred;
CREATE INDEX tickets_by_state ON tickets (state, ticket_id DESC);
CREATE INDEX tickets_by_need ON tickets (need_by, ticket_id) WHERE state IN ('suggested', 'open', 'planned', 'in_progress');
CREATE INDEX part_reservations_by_state ON part_reservations (state, reservation_id DESC);

-- Devices by a piece of text. A server without the extension answers the same, by looking at each device.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE INDEX devices_by_text ON devices USING gin (lower(name || ' ' || serial || ' ' || customer || ' ' || site) gin_trgm_ops);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN RAISE NOTICE 'no search of devices by index: this user may not make the extension pg_trgm';
END $$;

-- As arrays, so that an index finds a customer's few rows among all.
DROP POLICY of_customer ON tickets;
CREATE POLICY of_customer ON tickets AS RESTRICTIVE FOR SELECT TO aftercare_customer
    USING (device_id = ANY (ARRAY(SELECT device_id FROM devices)));
DROP POLICY of_customer ON part_reservations;
CREATE POLICY of_customer ON part_reservations AS RESTRICTIVE FOR SELECT TO aftercare_customer
    USING (ticket_id = ANY (ARRAY(SELECT ticket_id FROM tickets)));
-- What is waited for of each part.
CREATE INDEX part_reservations_waiting_by_part ON part_reservations (part_no, service_centre) INCLUDE (quantity)
    WHERE state = 'backordered';
