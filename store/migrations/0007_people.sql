CREATE TABLE users (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'planner', 'admin')),
    customer text CHECK (customer <> ''),
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    last_signed_in_at timestamptz,
    openid_issuer text,
    openid_subject text,
    UNIQUE (openid_issuer, openid_subject),
    CHECK ((openid_issuer IS NULL) = (openid_subject IS NULL)),
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
