-- add --
INSERT INTO receivers (kind, name, person, shown_address, subscription, feed_seq, created_at)
VALUES (%(kind)s, %(name)s, %(person)s, %(shown_address)s, %(subscription)s, %(feed_seq)s, %(now)s)
RETURNING receiver_id

-- add_secret --
INSERT INTO receiver_secrets (receiver_id, address, secret) VALUES (%(receiver_id)s, %(address)s, %(secret)s)

-- announce --
-- Whoever delivers looks at all receivers when it hears of the outbox.
SELECT pg_notify('outbox', '')

-- list --
-- By name, with what waits in the window and what was refused for good.
SELECT r.receiver_id, r.kind, r.name, r.shown_address, r.subscription, r.state, r.feed_seq, r.created_at, r.failures,
    r.failing_since, r.next_try_at, r.last_error, r.delivered, r.last_delivered_at, r.person,
    (SELECT s.previous_until FROM receiver_secrets s WHERE s.receiver_id = r.receiver_id) AS both_secrets_until,
    (SELECT count(*) FROM deliveries d WHERE d.receiver_id = r.receiver_id AND d.failed_at IS NULL) AS waiting,
    (SELECT count(*) FROM deliveries d WHERE d.receiver_id = r.receiver_id AND d.failed_at IS NOT NULL) AS failed
FROM receivers r
WHERE (%(kind)s::text IS NULL OR kind = %(kind)s) AND (%(receiver_id)s::bigint IS NULL OR receiver_id = %(receiver_id)s)
ORDER BY name

-- find --
SELECT receiver_id FROM receivers WHERE kind = %(kind)s AND name = %(name)s

-- active --
SELECT receiver_id, name FROM receivers WHERE state = 'active' ORDER BY receiver_id

-- lock --
-- Against a removal, a change of its state or another process, until the transaction ends.
SELECT state FROM receivers WHERE receiver_id = %(receiver_id)s FOR UPDATE

-- secret --
SELECT address, secret, previous_secret, previous_until FROM receiver_secrets WHERE receiver_id = %(receiver_id)s

-- rotate --
-- The secret of now signs along until then.
UPDATE receiver_secrets SET secret = %(secret)s, previous_secret = secret, previous_until = %(until)s
WHERE receiver_id = %(receiver_id)s

-- remove --
DELETE FROM receivers WHERE receiver_id = %(receiver_id)s

-- move --
UPDATE receivers SET feed_seq = %(feed_seq)s WHERE receiver_id = %(receiver_id)s

-- note_delivered --
UPDATE receivers SET failures = 0, failing_since = NULL, next_try_at = NULL, last_error = '',
    delivered = delivered + %(count)s, last_delivered_at = CASE WHEN %(count)s > 0 THEN %(now)s ELSE last_delivered_at END
WHERE receiver_id = %(receiver_id)s

-- note_away --
UPDATE receivers SET failures = failures + 1, failing_since = coalesce(failing_since, %(now)s),
    next_try_at = %(next_try_at)s, last_error = %(error)s
WHERE receiver_id = %(receiver_id)s

-- stop --
UPDATE receivers SET state = 'stopped', next_try_at = NULL, last_error = %(error)s WHERE receiver_id = %(receiver_id)s

-- resume --
UPDATE receivers SET state = 'active', failures = 0, failing_since = NULL, next_try_at = NULL
WHERE receiver_id = %(receiver_id)s

-- try_lock --
-- Held until the session of the database ends, so whoever is killed delivers no more.
SELECT pg_try_advisory_lock(hashtextextended('aftercare.receivers', %(receiver_id)s))

-- unlock --
SELECT pg_advisory_unlock(hashtextextended('aftercare.receivers', %(receiver_id)s))
