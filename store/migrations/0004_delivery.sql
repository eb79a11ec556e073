CREATE TABLE people (
    person text PRIMARY KEY,
    groups text[] NOT NULL DEFAULT '{}',
    time_zone text NOT NULL DEFAULT 'UTC',
    quiet_from time,
    quiet_to time,
    critical_passes boolean NOT NULL DEFAULT true,
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);
COMMENT ON TABLE people IS 'Who is told of alarms by channels of their own.';
COMMENT ON COLUMN people.quiet_from IS 'By the clock of time_zone. Until quiet_to, also past midnight, they are told nothing that can wait.';
COMMENT ON COLUMN people.critical_passes IS 'Whether what is CRITICAL reaches them in their quiet hours.';

CREATE TABLE receivers (
    receiver_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('webhook', 'channel')),
    name text NOT NULL UNIQUE,
    person text REFERENCES people ON DELETE CASCADE,
    shown_address text NOT NULL,
    subscription jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'stopped')),
    feed_seq bigint NOT NULL,
    created_at timestamptz NOT NULL,
    failures bigint NOT NULL DEFAULT 0,
    failing_since timestamptz,
    next_try_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    delivered bigint NOT NULL DEFAULT 0,
    last_delivered_at timestamptz,
    CHECK ((kind = 'channel') = (person IS NOT NULL))
);
COMMENT ON COLUMN receivers.feed_seq IS 'What it subscribed to up to here is delivered, or stands in deliveries.';
COMMENT ON COLUMN receivers.failures IS 'Failed attempts in a row; 0 while it takes what it is sent.';
COMMENT ON COLUMN receivers.state IS 'Stopped: it said that it is gone, or has failed for too long. It keeps nothing in the outbox then.';

CREATE TABLE receiver_secrets (
    receiver_id bigint PRIMARY KEY REFERENCES receivers ON DELETE CASCADE,
    address text NOT NULL,
    secret text NOT NULL DEFAULT '',
    previous_secret text,
    previous_until timestamptz
);
COMMENT ON COLUMN receiver_secrets.address IS 'Apart from receivers, because addresses hold passwords and tokens.';
COMMENT ON COLUMN receiver_secrets.previous_until IS 'Until then every delivery is signed with both.';

CREATE TABLE deliveries (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver_id bigint NOT NULL REFERENCES receivers ON DELETE CASCADE,
    feed_seq bigint NOT NULL,
    kind text NOT NULL,
    subject_id bigint NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT '',
    failed_at timestamptz,
    UNIQUE (receiver_id, feed_seq)
);
CREATE INDEX deliveries_waiting ON deliveries (receiver_id, kind, subject_id, feed_seq) WHERE failed_at IS NULL;
COMMENT ON TABLE deliveries IS 'The next changes for each receiver, a bounded number, and those that it refused for good.';
COMMENT ON COLUMN deliveries.failed_at IS 'Refused so often that it is sent no more, and the later changes of its alarm go on.';

CREATE TABLE escalation_policies (
    policy text PRIMARY KEY,
    subscription jsonb NOT NULL DEFAULT '{}',
    steps jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN escalation_policies.steps IS 'List of {after_seconds, calls}: who is called that long after the alarm was raised.';

CREATE TABLE escalations (
    alarm_id bigint NOT NULL REFERENCES alarms ON DELETE CASCADE,
    policy text NOT NULL REFERENCES escalation_policies ON DELETE CASCADE,
    since timestamptz NOT NULL,
    next_step smallint NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (alarm_id, policy)
);
CREATE INDEX escalations_due ON escalations (due_at);
COMMENT ON TABLE escalations IS 'Alarms that nobody has acknowledged yet, and when the next step of a policy calls somebody.';
