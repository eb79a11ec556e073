CREATE TABLE fleet_commands (
    fleet_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command text NOT NULL,
    arguments jsonb NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL
);
COMMENT ON TABLE fleet_commands IS 'One request for many devices; each device has its own row in commands.';

CREATE TABLE commands (
    command_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    command text NOT NULL,
    arguments jsonb NOT NULL,
    correlation bytea NOT NULL CHECK (octet_length(correlation) = 16),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'sending', 'sent', 'acknowledged', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled')),
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    timeout interval NOT NULL,
    deadline timestamptz NOT NULL,
    sent_at timestamptz,
    answered_at timestamptz,
    finished_at timestamptz,
    progress real CHECK (progress BETWEEN 0 AND 1),
    result jsonb,
    error_code text NOT NULL DEFAULT '',
    error_message text NOT NULL DEFAULT '',
    ticket_id bigint REFERENCES tickets ON DELETE SET NULL,
    fleet_id bigint REFERENCES fleet_commands,
    CHECK ((finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'timed_out', 'cancelled')))
);
CREATE INDEX commands_of_device ON commands (device_id, requested_at);
CREATE INDEX commands_of_ticket ON commands (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX commands_of_fleet ON commands (fleet_id) WHERE fleet_id IS NOT NULL;
CREATE INDEX commands_to_send ON commands (command_id) WHERE state IN ('queued', 'sending');
CREATE INDEX commands_unfinished ON commands (deadline) WHERE finished_at IS NULL;
COMMENT ON COLUMN commands.correlation IS 'Random; a response without it is not believed.';
COMMENT ON COLUMN commands.state IS 'sending: it may have reached the broker; the broker''s echo makes it sent.';
COMMENT ON COLUMN commands.requested_at IS 'By the platform''s clock, as sent_at, answered_at and finished_at.';
COMMENT ON COLUMN commands.expires_at IS 'The device does not begin it later. By the machine''s clock, at whatever speed the platform''s clock runs.';
COMMENT ON COLUMN commands.deadline IS 'Timed out when nothing has come by then; each response moves it on by timeout. By the machine''s clock.';

CREATE TABLE command_steps (
    command_id bigint NOT NULL REFERENCES commands ON DELETE CASCADE,
    digest bytea NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('acknowledged', 'running', 'succeeded', 'failed')),
    progress real,
    PRIMARY KEY (command_id, digest)
);
COMMENT ON TABLE command_steps IS 'Responses as they came; the primary key makes a repeated one land on itself.';

CREATE TABLE command_upload_parts (
    command_id bigint NOT NULL REFERENCES commands ON DELETE CASCADE,
    sha256 bytea NOT NULL,
    part integer NOT NULL CHECK (part > 0),
    parts integer NOT NULL CHECK (parts >= part),
    name text NOT NULL,
    content_type text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (command_id, sha256, part)
);
-- What devices send is mostly compressed already.
ALTER TABLE command_upload_parts ALTER content SET STORAGE EXTERNAL;
COMMENT ON TABLE command_upload_parts IS 'Parts of large results until their command ends.';

CREATE TABLE command_files (
    command_file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command_id bigint NOT NULL REFERENCES commands ON DELETE CASCADE,
    name text NOT NULL,
    content_type text NOT NULL,
    size integer NOT NULL,
    sha256 bytea NOT NULL,
    content bytea NOT NULL,
    received_at timestamptz NOT NULL,
    UNIQUE (command_id, sha256)
);
ALTER TABLE command_files ALTER content SET STORAGE EXTERNAL;

CREATE TABLE device_twins (
    device_id bigint PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    desired jsonb NOT NULL DEFAULT '{}',
    desired_version bigint NOT NULL DEFAULT 0,
    desired_at timestamptz,
    desired_by text NOT NULL DEFAULT '',
    delivered_version bigint NOT NULL DEFAULT 0,
    reported jsonb NOT NULL DEFAULT '{}',
    reported_at timestamptz,
    looked_at_version bigint,
    refused jsonb NOT NULL DEFAULT '{}',
    CHECK (delivered_version <= desired_version)
);
CREATE INDEX device_twins_to_deliver ON device_twins (device_id) WHERE delivered_version < desired_version;
COMMENT ON COLUMN device_twins.delivered_version IS 'The broker holds this version of the desired document, retained.';
COMMENT ON COLUMN device_twins.reported_at IS 'By the device''s clock; an older report that comes late changes nothing.';
COMMENT ON COLUMN device_twins.looked_at_version IS 'The desired version that the device has applied, or refused with reasons.';

CREATE TABLE twin_changes (
    twin_change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    at timestamptz NOT NULL,
    side text NOT NULL CHECK (side IN ('desired', 'reported')),
    version bigint NOT NULL,
    who text NOT NULL,
    changes jsonb NOT NULL
);
CREATE INDEX twin_changes_of_device ON twin_changes (device_id, twin_change_id);
COMMENT ON COLUMN twin_changes.changes IS 'By setting a list of what it was and what it became; null: not there.';

ALTER TABLE components ADD serial text NOT NULL DEFAULT '', ADD revision text NOT NULL DEFAULT '';

CREATE TABLE diagnostics_session (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    client_id text NOT NULL,
    epoch bigint NOT NULL
);
COMMENT ON TABLE diagnostics_session IS
    'The platform''s session at the broker. Each connection begins an epoch; what sends in an older one is fenced off.';

-- Whoever sends hears of new commands and of changed twins.
CREATE FUNCTION announce_diagnostics() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('diagnostics', '');
    RETURN NULL;
END $$;
CREATE TRIGGER commands_announced AFTER INSERT ON commands FOR EACH STATEMENT EXECUTE FUNCTION announce_diagnostics();
CREATE TRIGGER desired_announced AFTER INSERT OR UPDATE OF desired ON device_twins
    FOR EACH STATEMENT EXECUTE FUNCTION announce_diagnostics();

SELECT show_to_customers(name::regclass, 'device_id IN (SELECT device_id FROM devices)')
FROM unnest(ARRAY['commands', 'device_twins', 'twin_changes']) AS name;
SELECT show_to_customers(name::regclass, 'command_id IN (SELECT command_id FROM commands)')
FROM unnest(ARRAY['command_steps', 'command_files']) AS name;
