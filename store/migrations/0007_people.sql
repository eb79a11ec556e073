CREATE TABLE users (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'planner', 'admin')),
    customer text CHECK (customer <> ''),
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    last_signed_in_at timestamptz,
    CHECK (customer IS NULL OR role = 'viewer')
);
-- Whoever reads the audit log must not take one name for another.
CREATE UNIQUE INDEX users_by_name ON users (lower(name));
COMMENT ON TABLE users IS 'Who may sign in or bear a token. A person who is told of alarms (people) is the user of the same name.';
COMMENT ON COLUMN users.customer IS 'They see the devices of this customer and nothing else, and change nothing; null: all devices.';

CREATE TABLE user_passwords (
    user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    password_hash text NOT NULL,
    one_time boolean NOT NULL,
    set_at timestamptz NOT NULL
);
COMMENT ON COLUMN user_passwords.password_hash IS 'Argon2id. The password itself is kept nowhere.';
COMMENT ON COLUMN user_passwords.one_time IS 'Good for nothing but choosing another.';

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);
COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of what the cookie holds: 256 random bits need no slow hash.';
COMMENT ON COLUMN sessions.last_used_at IS 'Within a minute.';

CREATE TABLE api_tokens (
    api_token_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    label text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_tokens_of_user ON api_tokens (user_id);
COMMENT ON TABLE api_tokens IS 'A token may do what its user may do now; it is shown once and kept as its SHA-256.';

CREATE TABLE sign_in_attempts (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    name text NOT NULL,
    address text NOT NULL
);
CREATE INDEX sign_in_attempts_by_age ON sign_in_attempts (at);
COMMENT ON TABLE sign_in_attempts IS 'Attempts of the last quarter of an hour that have not succeeded.';

-- Whoever signs in for a customer reads as this role, row by row. It belongs to the server and not to one database.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aftercare_customer') THEN
        CREATE ROLE aftercare_customer NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'this user may not make the role aftercare_customer: let a superuser run CREATE ROLE aftercare_customer NOLOGIN; GRANT aftercare_customer TO % WITH ADMIN OPTION', current_user;
END $$;

-- For a table that customers' users may see: `rows` says which of its rows are of the customer of this transaction. What
-- is not shown so, they cannot read at all. Not for tables that are written by COPY, which row security forbids.
CREATE FUNCTION show_to_customers(shown regclass, rows text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', shown);
    EXECUTE format('CREATE POLICY of_everybody ON %s USING (true) WITH CHECK (true)', shown);
    EXECUTE format(
        'CREATE POLICY of_customer ON %s AS RESTRICTIVE FOR SELECT TO aftercare_customer USING (%s)', shown, rows);
    EXECUTE format('GRANT SELECT ON %s TO aftercare_customer', shown);
END $$;
SELECT show_to_customers('devices', 'customer = current_setting(''aftercare.customer'')');
SELECT show_to_customers(name::regclass, 'device_id IN (SELECT device_id FROM devices)')
FROM unnest(ARRAY['components', 'connectivity_changes', 'device_events', 'predictions', 'tickets', 'visits', 'dirty_buckets',
    'device_sales']) AS name;
SELECT show_to_customers('alarms', 'device_id IN (SELECT device_id FROM devices) OR customer = current_setting(''aftercare.customer'')');
SELECT show_to_customers('alarm_members', 'device_id IN (SELECT device_id FROM devices)');
SELECT show_to_customers('alarm_comments', 'alarm_id IN (SELECT alarm_id FROM alarms)');
SELECT show_to_customers(name::regclass, 'ticket_id IN (SELECT ticket_id FROM tickets)')
FROM unnest(ARRAY['ticket_events', 'part_reservations', 'sla_clocks', 'sla_pauses', 'ticket_feedback']) AS name;
SELECT show_to_customers(name::regclass, 'customer = current_setting(''aftercare.customer'')')
FROM unnest(ARRAY['sites', 'contracts']) AS name;
SELECT show_to_customers('technicians', 'technician_id IN (SELECT technician_id FROM visits)');
SELECT show_to_customers('warranties', 'device_model IS NOT NULL OR device_id IN (SELECT device_id FROM devices)');
-- What is the same for everybody, and the positions in the feed, whose changes are picked out for each customer.
GRANT SELECT ON device_models, service_centres, parts, model_versions, reading_retention, dirty_batches TO aftercare_customer;
GRANT SELECT (feed_seq) ON outbox TO aftercare_customer;
