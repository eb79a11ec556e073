CREATE TABLE sign_in_flows (
    state_hash bytea PRIMARY KEY,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    target text NOT NULL,
    began_at timestamptz NOT NULL
);
CREATE INDEX sign_in_flows_by_age ON sign_in_flows (began_at);
COMMENT ON TABLE sign_in_flows IS 'Who was sent to the OpenID provider and has not come back; each is good once and for ten minutes.';
COMMENT ON COLUMN sign_in_flows.state_hash IS 'SHA-256 of the state that went along, and that the browser has in a cookie.';

CREATE TABLE user_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX user_identities_of_user ON user_identities (user_id);
COMMENT ON TABLE user_identities IS 'Whom an OpenID provider means by a subject. Names may change there and be given to others, subjects never.';

CREATE INDEX audit_by_who ON audit_log (who, audit_id);
CREATE INDEX audit_by_kind ON audit_log (object_kind, audit_id);
CREATE INDEX audit_by_time ON audit_log (at);
