-- add --
INSERT INTO api_tokens (token_hash, user_id, label, created_at, expires_at)
VALUES (%(hash)s, %(user_id)s, %(label)s, %(at)s, %(expires_at)s)
RETURNING api_token_id

-- caller --
-- Whose token it is, and whether its use is to be noted.
SELECT u.user_id, u.name, u.role, u.customer, t.last_used_at IS NULL OR t.last_used_at < %(now)s::timestamptz - interval '1 minute'
FROM api_tokens t JOIN users u USING (user_id)
WHERE t.token_hash = %(hash)s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %(now)s)
    AND u.disabled_at IS NULL

-- note_use --
UPDATE api_tokens SET last_used_at = %(now)s WHERE token_hash = %(hash)s

-- list --
-- Newest first.
SELECT t.api_token_id, u.name AS user, t.label, t.created_at, t.expires_at, t.revoked_at, t.last_used_at
FROM api_tokens t JOIN users u USING (user_id)
ORDER BY t.api_token_id DESC

-- revoke --
UPDATE api_tokens SET revoked_at = %(at)s WHERE api_token_id = %(api_token_id)s AND revoked_at IS NULL

-- exists --
SELECT EXISTS (SELECT FROM api_tokens WHERE api_token_id = %(api_token_id)s)
