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

-- What the service manager's figures are counted from.
CREATE INDEX tickets_by_closure ON tickets (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX tickets_of_device ON tickets (device_id, failure_mode, ticket_id);
CREATE INDEX ticket_events_started ON ticket_events (ticket_id) WHERE what = 'started';
CREATE INDEX sla_clocks_by_end ON sla_clocks (coalesce(breached_at, stopped_at));
CREATE INDEX part_reservations_by_age ON part_reservations (created_at);
CREATE INDEX device_events_failures ON device_events (ts) WHERE kind = 'failure';

-- What became of an alarm is told to the customer whose alarm it is; of other things the log is the maker's own.
SELECT show_to_customers('audit_log', $$
    CASE WHEN object_kind = 'alarm' THEN EXISTS (SELECT FROM alarms WHERE alarm_id = object_id::bigint) ELSE false END$$);
