-- claim --
-- Waits for another request with this key to end. No row when the key was used within the time that it is kept.
INSERT INTO answered_requests (user_id, idempotency_key, path, body_digest, at)
VALUES (%(user_id)s, %(key)s, %(path)s, %(body_digest)s, %(at)s)
ON CONFLICT (user_id, idempotency_key) DO UPDATE
SET path = EXCLUDED.path, body_digest = EXCLUDED.body_digest, at = EXCLUDED.at, status = NULL, headers = '{}', content = NULL
WHERE answered_requests.at <= %(oldest)s
RETURNING true

-- find --
SELECT path, body_digest, status, headers, content FROM answered_requests
WHERE user_id = %(user_id)s AND idempotency_key = %(key)s

-- keep --
UPDATE answered_requests SET status = %(status)s, headers = %(headers)s, content = %(content)s
WHERE user_id = %(user_id)s AND idempotency_key = %(key)s

-- forget --
DELETE FROM answered_requests WHERE at <= %(oldest)s
