CREATE TABLE device_models (
    device_model text PRIMARY KEY,
    title text NOT NULL,
    reading_interval interval NOT NULL,
    currency char(3) NOT NULL
);
COMMENT ON TABLE device_models IS 'What the catalog files describe, copied here at migration.';

CREATE TABLE service_centres (
    service_centre text PRIMARY KEY,
    title text NOT NULL DEFAULT '',
    time_zone text NOT NULL DEFAULT 'UTC'
);

CREATE TABLE devices (
    device_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    device_model text NOT NULL REFERENCES device_models,
    serial text NOT NULL DEFAULT '',
    customer text NOT NULL DEFAULT '',
    site text NOT NULL DEFAULT '',
    service_centre text NOT NULL REFERENCES service_centres,
    installed_at timestamptz,
    firmware text NOT NULL DEFAULT '',
    attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    last_seen_at timestamptz,
    connectivity text NOT NULL DEFAULT 'unknown' CHECK (connectivity IN ('unknown', 'online', 'offline')),
    connectivity_at timestamptz,
    connectivity_by text,
    status_at timestamptz,
    heard_at timestamptz,
    heard_every interval,
    gone_at timestamptz
);
CREATE INDEX devices_by_model ON devices (device_model, device_id);
CREATE INDEX devices_by_customer ON devices (customer, device_id);
COMMENT ON COLUMN devices.attributes IS 'What does not change, by name: the catalog says which of them are features.';
COMMENT ON COLUMN devices.last_seen_at IS 'Latest device time of any reading, event or status, of readings within ten seconds.';
COMMENT ON COLUMN devices.connectivity_at IS 'Since when it is online or offline.';
COMMENT ON COLUMN devices.connectivity_by IS 'What told that it is: status, will, silence or messages.';
COMMENT ON COLUMN devices.status_at IS 'The ts of the newest status that bore one: an older status that comes late changes nothing.';
COMMENT ON COLUMN devices.heard_at IS 'When its latest message arrived, by the platform''s clock.';
COMMENT ON COLUMN devices.gone_at IS 'When its last will came; offline from then on unless it is back within a minute.';
COMMENT ON COLUMN devices.heard_every IS 'What lies between its arrivals, as a moving average.';

CREATE TABLE device_credentials (
    device_id bigint PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    password_hash text NOT NULL,
    issued_at timestamptz NOT NULL
);
COMMENT ON COLUMN device_credentials.password_hash IS 'As Mosquitto reads it ($7$: PBKDF2 with SHA-512). The password itself is kept nowhere.';

CREATE TABLE removed_devices (
    removal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL,
    name text NOT NULL,
    device_model text NOT NULL,
    removed_at timestamptz NOT NULL DEFAULT now(),
    readings_dropped_at timestamptz
);
CREATE INDEX removed_devices_with_readings ON removed_devices (device_model) WHERE readings_dropped_at IS NULL;
COMMENT ON TABLE removed_devices IS
    'What ingest learns with each batch, so that nothing is stored of a device that is gone; upkeep drops its readings.';
-- Before any row is locked: whoever writes for devices holds the shared side of this lock first, and rows after it.
CREATE FUNCTION wait_for_writers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('aftercare.devices', 0));
    RETURN NULL;
END $$;
CREATE FUNCTION note_removed_devices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO removed_devices (device_id, name, device_model) SELECT device_id, name, device_model FROM gone;
    RETURN NULL;
END $$;
CREATE TRIGGER devices_before_removal BEFORE DELETE ON devices FOR EACH STATEMENT EXECUTE FUNCTION wait_for_writers();
CREATE TRIGGER devices_after_removal AFTER DELETE ON devices REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_removed_devices();

CREATE TABLE connectivity_changes (
    connectivity_change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('online', 'offline')),
    told_by text NOT NULL CHECK (told_by IN ('status', 'will', 'silence', 'messages'))
);
CREATE INDEX connectivity_changes_of_device ON connectivity_changes (device_id, connectivity_change_id);

CREATE TABLE ingest_heartbeats (
    ingest_id text PRIMARY KEY,
    listening_since timestamptz NOT NULL,
    stored_until timestamptz NOT NULL,
    session_expiry interval NOT NULL,
    beat_at timestamptz NOT NULL
);
COMMENT ON TABLE ingest_heartbeats IS 'What silence is judged by: a device may only be called silent over a time in which ingest listened.';
COMMENT ON COLUMN ingest_heartbeats.stored_until IS 'Everything that came before it is committed.';
COMMENT ON COLUMN ingest_heartbeats.beat_at IS 'By the machine''s clock, at whatever speed the platform''s clock runs.';

CREATE TABLE ingest_slots (
    ingest_group text NOT NULL,
    slot integer NOT NULL CHECK (slot > 0),
    held_by text NOT NULL,
    held_at timestamptz NOT NULL,
    PRIMARY KEY (ingest_group, slot)
);
COMMENT ON TABLE ingest_slots IS 'Sessions that ingest replicas have at the broker. Who holds one now holds an advisory lock too.';

CREATE TABLE ingest_guards (
    ingest_group text NOT NULL,
    guard integer NOT NULL CHECK (guard > 0),
    made_at timestamptz NOT NULL,
    PRIMARY KEY (ingest_group, guard)
);
COMMENT ON TABLE ingest_guards IS
    'Sessions without a reader that keep, over a restart of the broker, what devices publish before ingest is back.';

CREATE TABLE components (
    component_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    component text NOT NULL,
    installed_at timestamptz NOT NULL,
    removed_at timestamptz,
    replaced_by_ticket bigint
);
CREATE UNIQUE INDEX components_built_in ON components (device_id, component) WHERE removed_at IS NULL;

CREATE TABLE device_events (
    ts timestamptz NOT NULL,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('error', 'maintenance', 'failure', 'config', 'log')),
    code text NOT NULL DEFAULT '',
    component text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (device_id, ts, kind, code, component)
);
COMMENT ON TABLE device_events IS 'The primary key makes a redelivered event land on itself.';

CREATE TABLE training_runs (
    training_run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_model text NOT NULL REFERENCES device_models,
    flow_run_id text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed', 'failed')),
    message text NOT NULL DEFAULT ''
);

CREATE TABLE model_versions (
    model_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    training_run_id bigint NOT NULL REFERENCES training_runs,
    device_model text NOT NULL REFERENCES device_models,
    failure_mode text NOT NULL,
    task text NOT NULL,
    status text NOT NULL CHECK (status IN ('champion', 'challenger', 'retired')),
    alarm_threshold double precision NOT NULL,
    metrics jsonb NOT NULL,
    data_from timestamptz NOT NULL,
    data_to timestamptz NOT NULL,
    row_count bigint NOT NULL,
    device_count bigint NOT NULL,
    features jsonb NOT NULL,
    code_version text NOT NULL,
    library_versions jsonb NOT NULL,
    artifact_sha256 text NOT NULL,
    created_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    comparison jsonb NOT NULL DEFAULT '{}',
    reference jsonb NOT NULL DEFAULT '{}',
    report jsonb NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX model_versions_champion ON model_versions (device_model, failure_mode, task) WHERE status = 'champion';
COMMENT ON COLUMN model_versions.reason IS 'Why training made it the champion or left it a challenger.';
COMMENT ON COLUMN model_versions.comparison IS 'What it was measured by against the champion of that day.';
COMMENT ON COLUMN model_versions.report IS
    'Every figure with its 90 % interval, on other devices and on a later time, and the curves behind them: docs/evaluation.md.';
COMMENT ON COLUMN model_versions.reference IS 'How each input feature was spread in training: what drift is measured from.';

CREATE TABLE championships (
    championship_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_version_id bigint NOT NULL REFERENCES model_versions,
    after bigint REFERENCES championships,
    began_at timestamptz NOT NULL,
    who text NOT NULL,
    reason text NOT NULL
);
CREATE INDEX championships_of_version ON championships (model_version_id);
COMMENT ON TABLE championships IS 'Which version scored from when on, and why. The newest of a failure mode is the one of its champion.';
COMMENT ON COLUMN championships.after IS
    'The one that a roll-back leads to. A roll-back takes over where its target stood, so that the next one leads further back.';

CREATE TABLE held_out_predictions (
    model_version_id bigint PRIMARY KEY REFERENCES model_versions,
    content bytea NOT NULL
);
COMMENT ON TABLE held_out_predictions IS
    'What was predicted for training''s devices by models that had not seen them, packed: what a challenger is compared with.';

CREATE TABLE drift_findings (
    drift_finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_version_id bigint NOT NULL REFERENCES model_versions,
    measured_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('input', 'precision')),
    subject text NOT NULL,
    measure double precision NOT NULL,
    boundary double precision NOT NULL,
    sample bigint NOT NULL,
    drifted boolean NOT NULL,
    message text NOT NULL,
    UNIQUE (model_version_id, measured_at, kind, subject)
);
COMMENT ON TABLE drift_findings IS 'Whether a champion still sees what it learnt from, and whether its alarms are as right as promised; by day.';
COMMENT ON COLUMN drift_findings.subject IS 'For an input its feature that moved most; for the precision the failure mode.';
COMMENT ON COLUMN drift_findings.measure IS 'Population stability index of the input, or share of alarms that technicians confirmed.';
COMMENT ON COLUMN drift_findings.boundary IS 'Drifted beyond it: an index above it, or a precision whose whole interval lies below it.';
COMMENT ON COLUMN drift_findings.sample IS 'Devices that were compared, or tickets that were counted.';

CREATE TABLE model_artifacts (
    artifact_sha256 text PRIMARY KEY,
    content bytea NOT NULL
);

CREATE TABLE predictions (
    prediction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    failure_mode text NOT NULL,
    as_of timestamptz NOT NULL,
    horizon interval NOT NULL,
    risk double precision NOT NULL CHECK (risk BETWEEN 0 AND 1),
    rul interval NOT NULL,
    rul_low interval NOT NULL,
    rul_high interval NOT NULL,
    contributions jsonb NOT NULL DEFAULT '[]',
    failed_by real[],
    model_version_id bigint NOT NULL REFERENCES model_versions,
    created_at timestamptz NOT NULL,
    acted_at timestamptz,
    UNIQUE (device_id, failure_mode, as_of, model_version_id)
);
CREATE INDEX predictions_waiting ON predictions (device_id, failure_mode, as_of) WHERE acted_at IS NULL;
COMMENT ON COLUMN predictions.acted_at IS 'When alarm and ticket were brought in line with it; set in the same transaction.';
COMMENT ON COLUMN predictions.as_of IS 'Device time of the last reading that the model saw.';
COMMENT ON COLUMN predictions.risk IS 'Probability of failing by this mode within the horizon.';
COMMENT ON COLUMN predictions.contributions IS 'List of {channel, effect, text}: what moved the risk, by how much.';
COMMENT ON COLUMN predictions.failed_by IS 'Risk curve: probability of having failed by the end of each 36th of the horizon from as_of on; null of a version that tells none.';

CREATE TABLE alarms (
    alarm_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint REFERENCES devices ON DELETE CASCADE,
    device_model text REFERENCES device_models,
    customer text,
    site text,
    alarm_type text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('CRITICAL', 'MAJOR', 'MINOR', 'WARNING')),
    active boolean NOT NULL DEFAULT true,
    acknowledged boolean NOT NULL DEFAULT false,
    shelved_until timestamptz,
    count bigint NOT NULL DEFAULT 1,
    raised_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    cleared_at timestamptz,
    ack_by text,
    ack_at timestamptz,
    source text NOT NULL CHECK (source IN ('rule', 'prediction', 'connectivity')),
    failure_mode text,
    prediction_id bigint REFERENCES predictions,
    message text NOT NULL,
    assigned_to text,
    reminders integer NOT NULL DEFAULT 0,
    reminded_at timestamptz,
    deferred boolean NOT NULL DEFAULT false,
    CHECK (active = (cleared_at IS NULL)),
    CHECK (num_nonnulls(device_id, device_model, site) = 1),
    CHECK ((customer IS NULL) = (site IS NULL))
);
CREATE UNIQUE INDEX alarms_uncleared ON alarms (device_id, device_model, customer, site, alarm_type) NULLS NOT DISTINCT
    WHERE active;
COMMENT ON COLUMN alarms.device_model IS 'What an alarm is about that is about no single device; null for an alarm of a device.';
COMMENT ON COLUMN alarms.site IS 'With the customer what an alarm is about that is about a whole site.';
COMMENT ON COLUMN alarms.deferred IS 'Beyond what the service centre can work off this week: listed, and without a ticket until there is room.';
CREATE INDEX alarms_recent ON alarms (alarm_id DESC) WHERE active;

CREATE TABLE tickets (
    ticket_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    failure_mode text NOT NULL,
    state text NOT NULL
        CHECK (state IN ('suggested', 'open', 'planned', 'in_progress', 'resolved', 'closed', 'cancelled')),
    priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 5),
    summary text NOT NULL,
    opened_at timestamptz NOT NULL,
    need_by timestamptz NOT NULL,
    planned_for timestamptz,
    sla_response_due timestamptz,
    sla_repair_due timestamptz,
    entitlement jsonb NOT NULL DEFAULT '{}',
    decision jsonb NOT NULL DEFAULT '{}',
    closure_code text CHECK (closure_code IN ('confirmed', 'worn', 'no_fault_found', 'other')),
    closed_at timestamptz,
    alarm_id bigint REFERENCES alarms,
    prediction_id bigint REFERENCES predictions,
    version integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX tickets_unsettled ON tickets (device_id, failure_mode)
    WHERE state IN ('suggested', 'open', 'planned', 'in_progress');
COMMENT ON COLUMN tickets.need_by IS 'Part and technician must be there by then.';
ALTER TABLE components ADD FOREIGN KEY (replaced_by_ticket) REFERENCES tickets;

CREATE TABLE ticket_events (
    ticket_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES tickets ON DELETE CASCADE,
    at timestamptz NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ticket_events_of_ticket ON ticket_events (ticket_id, ticket_event_id);

CREATE TABLE parts (
    part_no text PRIMARY KEY,
    description text NOT NULL,
    unit_cost_minor bigint NOT NULL CHECK (unit_cost_minor >= 0),
    currency char(3) NOT NULL,
    lead_time interval NOT NULL
);

CREATE TABLE part_stock (
    service_centre text NOT NULL REFERENCES service_centres,
    part_no text NOT NULL REFERENCES parts,
    on_hand bigint NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
    allocated bigint NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    on_order bigint NOT NULL DEFAULT 0 CHECK (on_order >= 0),
    PRIMARY KEY (service_centre, part_no),
    CHECK (allocated <= on_hand)
);

CREATE TABLE part_reservations (
    reservation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES tickets,
    part_no text NOT NULL REFERENCES parts,
    service_centre text NOT NULL REFERENCES service_centres,
    quantity bigint NOT NULL CHECK (quantity > 0),
    state text NOT NULL CHECK (state IN ('reserved', 'backordered', 'picked', 'in_transit', 'consumed', 'released')),
    need_by timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    reserved_at timestamptz,
    ended_at timestamptz,
    instead_of text REFERENCES parts
);
COMMENT ON COLUMN part_reservations.service_centre IS 'On whose shelf it lies, where it is waited for, or where it is being sent.';
COMMENT ON COLUMN part_reservations.instead_of IS 'The part of the kit that this one is a substitute for.';
CREATE INDEX part_reservations_of_ticket ON part_reservations (ticket_id);
CREATE INDEX part_reservations_waiting ON part_reservations (service_centre, part_no, need_by) WHERE state = 'backordered';
CREATE UNIQUE INDEX part_reservations_once ON part_reservations (ticket_id, coalesce(instead_of, part_no))
    WHERE state IN ('reserved', 'backordered', 'picked', 'in_transit');

CREATE TABLE stock_journal (
    journal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    service_centre text NOT NULL,
    part_no text NOT NULL,
    movement text NOT NULL CHECK (movement IN (
        'receipt', 'order', 'reserve', 'release', 'consume', 'adjust', 'transfer_out', 'transfer_in', 'return')),
    on_hand_change bigint NOT NULL DEFAULT 0,
    allocated_change bigint NOT NULL DEFAULT 0,
    on_order_change bigint NOT NULL DEFAULT 0,
    reservation_id bigint REFERENCES part_reservations,
    who text NOT NULL,
    reason text NOT NULL DEFAULT '',
    reference text,
    FOREIGN KEY (service_centre, part_no) REFERENCES part_stock
);
CREATE UNIQUE INDEX stock_journal_reference ON stock_journal (service_centre, part_no, movement, reference)
    WHERE reference IS NOT NULL;
COMMENT ON COLUMN stock_journal.reference IS 'Number of the order or delivery note: booked once, however often it is sent.';
COMMENT ON TABLE stock_journal IS 'Append-only; the sums of its changes equal the balances in part_stock at all times.';
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER stock_journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE rejected_messages (
    rejected_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    payload bytea NOT NULL,
    reason text NOT NULL,
    received_at timestamptz NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    last_at timestamptz NOT NULL,
    replayed_at timestamptz,
    sender text NOT NULL DEFAULT ''
);
-- Of hashes, because a topic may be longer than an index entry.
CREATE UNIQUE INDEX rejected_messages_waiting ON rejected_messages (md5(topic), sha256(payload)) WHERE replayed_at IS NULL;
CREATE INDEX rejected_messages_of_sender ON rejected_messages (sender, rejected_id) WHERE replayed_at IS NULL;
CREATE INDEX rejected_messages_by_age ON rejected_messages (rejected_id) WHERE replayed_at IS NULL;
COMMENT ON COLUMN rejected_messages.times IS 'How often these very bytes came on this topic.';
COMMENT ON COLUMN rejected_messages.sender IS 'The device that the topic names; empty when it names none.';

CREATE TABLE quarantine (
    sender text PRIMARY KEY,
    messages bigint NOT NULL,
    bytes bigint NOT NULL,
    dropped bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL
);
COMMENT ON TABLE quarantine IS 'Senders that are no registered devices: how much of theirs is kept in rejected_messages, and what went beyond the cap.';

CREATE TABLE undeclared_channels (
    device_model text NOT NULL,
    channel text NOT NULL,
    device_id bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (device_model, channel)
);
COMMENT ON TABLE undeclared_channels IS
    'Channels that devices send and the catalog does not declare: their values are in the column extra of the readings.';
COMMENT ON COLUMN undeclared_channels.device_id IS 'A device that sent it, within a minute of last_at.';

CREATE TABLE dirty_batches (
    dirty_batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_model text NOT NULL,
    device_ids bigint[] NOT NULL,
    first_ts timestamptz[] NOT NULL,
    last_ts timestamptz[] NOT NULL
);
-- To compress the arrays would cost the writer ten times what it costs to write them; they live for a second.
ALTER TABLE dirty_batches ALTER device_ids SET STORAGE EXTERNAL, ALTER first_ts SET STORAGE EXTERNAL,
    ALTER last_ts SET STORAGE EXTERNAL;
COMMENT ON TABLE dirty_batches IS
    'Which device wrote which stretch of time, one row per written batch and device model. Upkeep takes them within a second.';

CREATE TABLE dirty_buckets (
    device_id bigint NOT NULL,
    bucket timestamptz NOT NULL,
    device_model text NOT NULL,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (device_id, bucket)
);
CREATE INDEX dirty_buckets_by_age ON dirty_buckets (device_model, noted_at);
COMMENT ON TABLE dirty_buckets IS 'Finest buckets whose roll-ups are not what their readings say; read from the readings until then.';

CREATE TABLE reading_retention (
    device_model text PRIMARY KEY,
    retained_from timestamptz NOT NULL,
    readings_too_late bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN reading_retention.retained_from IS 'Readings before this were dropped; roll-ups before it never change again.';
COMMENT ON COLUMN reading_retention.readings_too_late IS 'How many readings came after their time had been dropped, and were kept out.';

-- Only an owner may drop chunks, and upkeep is none.
CREATE FUNCTION drop_old_chunks(hypertable text, until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF hypertable !~ '^(readings|rollup)_' THEN
        RAISE EXCEPTION '% holds neither readings nor roll-ups', hypertable;
    END IF;
    PERFORM drop_chunks(hypertable::regclass, older_than => until);
END $$;
REVOKE EXECUTE ON FUNCTION drop_old_chunks FROM PUBLIC;

CREATE TABLE sparkplug_births (
    group_id text NOT NULL,
    edge_node text NOT NULL,
    device_id text NOT NULL,
    received_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    metrics jsonb NOT NULL,
    bd_seq numeric(20),
    PRIMARY KEY (group_id, edge_node, device_id, received_at)
);
COMMENT ON TABLE sparkplug_births IS
    'How to read Sparkplug B data that names metrics by alias. A row for each change, so that old messages can be replayed.';
COMMENT ON COLUMN sparkplug_births.device_id IS 'Empty for the edge node itself.';
COMMENT ON COLUMN sparkplug_births.confirmed_at IS 'When a birth last told the same metrics.';
COMMENT ON COLUMN sparkplug_births.metrics IS 'List of [name, alias or null, datatype].';

CREATE TABLE import_journal (
    device_model text NOT NULL REFERENCES device_models,
    kind text NOT NULL CHECK (kind IN ('readings', 'events')),
    sha256 text NOT NULL,
    options text NOT NULL,
    file_name text NOT NULL,
    read_offset bigint NOT NULL,
    read_lines bigint NOT NULL,
    rejected bigint NOT NULL,
    reject_bytes bigint NOT NULL,
    noted_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (device_model, kind, sha256, options)
);
COMMENT ON TABLE import_journal IS
    'How far the import of each file has come, committed with its rows: one that was killed goes on from there.';

CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('alarm', 'ticket')),
    subject_id bigint NOT NULL,
    device_id bigint,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    feed_seq bigint UNIQUE
);
CREATE INDEX outbox_unnumbered ON outbox (outbox_id) WHERE feed_seq IS NULL;
COMMENT ON COLUMN outbox.device_id IS 'Null for a change that is about a device model and no single device.';
COMMENT ON COLUMN outbox.feed_seq IS
    'Position in the feed. Given after commit and in one place at a time, so that no reader skips a row that commits late.';
CREATE SEQUENCE feed_numbers;
CREATE FUNCTION announce_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_announced AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION announce_outbox();
CREATE FUNCTION announce_feed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('feed', '');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_numbered AFTER UPDATE OF feed_seq ON outbox FOR EACH STATEMENT EXECUTE FUNCTION announce_feed();

CREATE TABLE delivery_positions (
    transport text PRIMARY KEY,
    feed_seq bigint NOT NULL,
    delivered_at timestamptz NOT NULL
);
COMMENT ON TABLE delivery_positions IS 'How far each transport has delivered the feed; moved on only after the receiver confirmed.';

CREATE TABLE audit_log (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
