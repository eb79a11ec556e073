-- read_changes --
-- The next changes of the feed, with what subscriptions look at; an alarm about a whole site names it itself.
SELECT o.feed_seq, o.kind, o.subject_id, o.created_at, o.payload ->> 'change', coalesce(o.payload ->> 'severity', ''),
    coalesce(nullif(o.payload ->> 'device', ''), d.name, ''),
    coalesce(nullif(o.payload ->> 'device_model', ''), d.device_model, ''),
    coalesce(nullif(o.payload ->> 'customer', ''), d.customer, ''),
    coalesce(nullif(o.payload ->> 'site', ''), d.site, ''),
    coalesce(o.payload -> 'escalation' -> 'calls', '[]')
FROM outbox o LEFT JOIN devices d USING (device_id)
WHERE o.feed_seq > %(after)s ORDER BY o.feed_seq LIMIT %(limit)s

-- waiting --
SELECT count(*) FROM deliveries WHERE receiver_id = %(receiver_id)s AND failed_at IS NULL

-- queue --
-- With in_order a change waits as long as the earlier ones of its subject do.
INSERT INTO deliveries (receiver_id, feed_seq, kind, subject_id, due_at)
SELECT %(receiver_id)s, n.feed_seq, n.kind, n.subject_id, coalesce(
    (SELECT max(d.due_at) FROM deliveries d WHERE d.receiver_id = %(receiver_id)s AND d.kind = n.kind
         AND d.subject_id = n.subject_id AND d.failed_at IS NULL AND %(in_order)s),
    %(now)s)
FROM unnest(%(feed_seqs)s::bigint[], %(kinds)s::text[], %(subject_ids)s::bigint[]) AS n (feed_seq, kind, subject_id)
ON CONFLICT (receiver_id, feed_seq) DO NOTHING

-- due --
-- Everything that waits of each subject of which something is due, earliest first.
SELECT d.delivery_id, d.attempts, d.due_at, o.feed_seq, o.kind, o.subject_id, o.device_id, o.payload, o.created_at
FROM deliveries d JOIN outbox o USING (feed_seq)
WHERE d.receiver_id = %(receiver_id)s AND d.failed_at IS NULL
  AND (d.kind, d.subject_id) IN (SELECT kind, subject_id FROM deliveries
      WHERE receiver_id = %(receiver_id)s AND failed_at IS NULL AND due_at <= %(now)s)
ORDER BY d.feed_seq LIMIT %(limit)s

-- next_due --
SELECT min(due_at) FROM deliveries WHERE receiver_id = %(receiver_id)s AND failed_at IS NULL

-- done --
DELETE FROM deliveries WHERE delivery_id = ANY(%(delivery_ids)s)

-- put_off --
-- What was refused, and with it everything later of the same subject, which would overtake it.
WITH refused AS (
    UPDATE deliveries SET attempts = attempts + 1, last_error = %(error)s WHERE delivery_id = %(delivery_id)s
    RETURNING receiver_id, kind, subject_id
)
UPDATE deliveries SET due_at = %(due_at)s
WHERE (receiver_id, kind, subject_id) IN (SELECT receiver_id, kind, subject_id FROM refused)
  AND failed_at IS NULL AND delivery_id <> %(delivery_id)s

-- put_off_itself --
UPDATE deliveries SET due_at = %(due_at)s WHERE delivery_id = ANY(%(delivery_ids)s)

-- fail --
UPDATE deliveries SET attempts = attempts + 1, last_error = %(error)s, failed_at = %(now)s
WHERE delivery_id = %(delivery_id)s

-- failed --
SELECT f.delivery_id, f.feed_seq, f.kind, f.subject_id, f.attempts, f.last_error, f.failed_at
FROM deliveries f WHERE f.receiver_id = %(receiver_id)s AND f.failed_at IS NOT NULL
ORDER BY f.feed_seq DESC LIMIT %(limit)s

-- drop_overtaken --
-- Failed changes of subjects of which the receiver has had a later one: to send them now would put them out of order.
DELETE FROM deliveries f WHERE f.receiver_id = %(receiver_id)s AND f.failed_at IS NOT NULL AND EXISTS (
    SELECT FROM outbox o WHERE o.kind = f.kind AND o.subject_id = f.subject_id AND o.feed_seq > f.feed_seq
      AND o.feed_seq <= (SELECT feed_seq FROM receivers r WHERE r.receiver_id = f.receiver_id)
      AND NOT EXISTS (SELECT FROM deliveries d WHERE d.receiver_id = f.receiver_id AND d.feed_seq = o.feed_seq))

-- try_failed_again --
UPDATE deliveries SET failed_at = NULL, attempts = 0, due_at = %(now)s
WHERE receiver_id = %(receiver_id)s AND failed_at IS NOT NULL

-- hurry --
-- What was put off is due: the receiver is said to be well again.
UPDATE deliveries SET due_at = %(now)s WHERE receiver_id = %(receiver_id)s AND failed_at IS NULL AND due_at > %(now)s

-- expire_failed --
DELETE FROM deliveries f USING outbox o
WHERE f.feed_seq = o.feed_seq AND f.failed_at IS NOT NULL AND o.created_at < %(before)s

-- expire_stopped --
-- A stopped receiver keeps nothing.
DELETE FROM deliveries f USING outbox o, receivers r
WHERE f.feed_seq = o.feed_seq AND r.receiver_id = f.receiver_id AND r.state = 'stopped' AND o.created_at < %(before)s

-- expire_outbox --
-- Of old changes those that every receiver has had, a piece at a time.
DELETE FROM outbox WHERE feed_seq IN (
    SELECT o.feed_seq FROM outbox o
    WHERE o.created_at < %(before)s
      AND o.feed_seq <= (SELECT coalesce(min(feed_seq), 9223372036854775807) FROM delivery_positions)
      AND o.feed_seq <= (SELECT coalesce(min(feed_seq), 9223372036854775807) FROM receivers WHERE state = 'active')
      AND NOT EXISTS (SELECT FROM deliveries d WHERE d.feed_seq = o.feed_seq)
    ORDER BY o.feed_seq LIMIT %(limit)s)
