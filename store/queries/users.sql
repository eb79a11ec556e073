-- lock --
-- Of several processes that start on an empty database one makes the first user.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.users', 0))

-- lock_one --
SELECT FROM users WHERE lower(name) = lower(%(name)s) FOR NO KEY UPDATE

-- any_user --
SELECT EXISTS (SELECT FROM users)

-- add --
INSERT INTO users (name, role, customer, created_at)
VALUES (%(name)s, %(role)s, %(customer)s, %(at)s)
ON CONFLICT DO NOTHING
RETURNING user_id

-- list --
-- By name; also finds one.
SELECT u.user_id, u.name, u.role, u.customer, u.created_at, u.disabled_at, u.last_signed_in_at,
    p.user_id IS NOT NULL AS has_password,
    EXISTS (SELECT FROM user_identities i WHERE i.user_id = u.user_id) AS by_provider,
    EXISTS (SELECT FROM receivers r WHERE r.person = u.name) AS told_of_alarms
FROM users u
LEFT JOIN user_passwords p USING (user_id)
WHERE %(name)s::text IS NULL OR lower(u.name) = lower(%(name)s)
ORDER BY u.name

-- change --
UPDATE users SET role = %(role)s, customer = %(customer)s WHERE user_id = %(user_id)s

-- set_disabled --
UPDATE users SET disabled_at = %(at)s WHERE user_id = %(user_id)s

-- working_admins --
-- Locked, so that two who disable each other cannot both succeed.
SELECT user_id FROM users WHERE role = 'admin' AND disabled_at IS NULL FOR UPDATE

-- set_password --
INSERT INTO user_passwords (user_id, password_hash, one_time, set_at)
VALUES (%(user_id)s, %(hash)s, %(one_time)s, %(at)s)
ON CONFLICT (user_id) DO UPDATE
SET password_hash = EXCLUDED.password_hash, one_time = EXCLUDED.one_time, set_at = EXCLUDED.set_at

-- rehash --
-- Only what was verified: it may have been replaced meanwhile.
UPDATE user_passwords SET password_hash = %(hash)s WHERE user_id = %(user_id)s AND password_hash = %(verified)s

-- password --
-- Of a user who is not disabled.
SELECT u.user_id, u.name, p.password_hash FROM users u JOIN user_passwords p USING (user_id)
WHERE lower(u.name) = lower(%(name)s) AND u.disabled_at IS NULL

-- signed_in --
UPDATE users SET last_signed_in_at = %(at)s WHERE user_id = %(user_id)s
