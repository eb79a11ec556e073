-- begin --
INSERT INTO sessions (token_hash, user_id, created_at, last_used_at) VALUES (%(hash)s, %(user_id)s, %(at)s, %(at)s)

-- caller --
-- Whose session it is, and whether its use is to be noted.
SELECT u.user_id, u.name, u.role, u.customer, coalesce(p.one_time, false),
    s.last_used_at < %(now)s::timestamptz - interval '1 minute'
FROM sessions s
JOIN users u USING (user_id)
LEFT JOIN user_passwords p USING (user_id)
WHERE s.token_hash = %(hash)s AND u.disabled_at IS NULL
    AND s.last_used_at > %(now)s::timestamptz - %(idle)s::interval
    AND s.created_at > %(now)s::timestamptz - %(lifetime)s::interval

-- note_use --
UPDATE sessions SET last_used_at = greatest(last_used_at, %(now)s) WHERE token_hash = %(hash)s

-- end --
DELETE FROM sessions WHERE token_hash = %(hash)s

-- end_all --
DELETE FROM sessions WHERE user_id = %(user_id)s

-- forget_expired --
DELETE FROM sessions
WHERE last_used_at <= %(now)s::timestamptz - %(idle)s::interval
    OR created_at <= %(now)s::timestamptz - %(lifetime)s::interval

-- hold_attempts --
-- One attempt of a name or an address is counted after the other, so that many at once are no way round the limit.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.sign_in', 0))

-- forget_attempts --
DELETE FROM sign_in_attempts WHERE at <= %(since)s

-- attempts --
SELECT count(*) FILTER (WHERE name = %(name)s AND address = %(address)s), count(*) FILTER (WHERE address = %(address)s),
    count(*) FILTER (WHERE name = %(name)s)
FROM sign_in_attempts WHERE name = %(name)s OR address = %(address)s

-- note_attempt --
INSERT INTO sign_in_attempts (at, name, address) VALUES (%(at)s, %(name)s, %(address)s)

-- forgive --
-- They knew the password after all.
DELETE FROM sign_in_attempts WHERE name = %(name)s AND address = %(address)s
