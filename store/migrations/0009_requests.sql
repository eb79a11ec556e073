CREATE TABLE answered_requests (
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    idempotency_key text NOT NULL,
    path text NOT NULL,
    body_digest bytea NOT NULL,
    at timestamptz NOT NULL,
    status smallint,
    headers jsonb NOT NULL DEFAULT '{}',
    content bytea,
    PRIMARY KEY (user_id, idempotency_key)
);
CREATE INDEX answered_requests_by_age ON answered_requests (at);
COMMENT ON TABLE answered_requests IS
    'Requests that came with an Idempotency-Key, and what they were answered: written with their effect, dropped after a day.';
COMMENT ON COLUMN answered_requests.content IS 'Null: the answer showed a secret, which is shown once.';
