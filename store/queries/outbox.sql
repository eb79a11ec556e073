-- append --
-- Within the transaction of the change that it tells of. A trigger notifies `outbox` at commit.
INSERT INTO outbox (kind, subject_id, device_id, payload, created_at)
VALUES (%(kind)s, %(subject_id)s, %(device_id)s, %(payload)s, %(at)s)

-- has_unnumbered --
-- Cheap look before the lock: whatever another process numbered is committed when this finds nothing.
SELECT EXISTS (SELECT FROM outbox WHERE feed_seq IS NULL)

-- lock_numbering --
-- One numbering process at a time; held until its transaction has committed.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.feed', 0))

-- number --
-- Must be a statement of its own after the lock, so that its snapshot sees what the last holder committed.
WITH waiting AS MATERIALIZED (
    SELECT outbox_id FROM outbox WHERE feed_seq IS NULL ORDER BY outbox_id
), numbered AS MATERIALIZED (
    SELECT outbox_id, nextval('feed_numbers') AS feed_seq FROM waiting
)
UPDATE outbox SET feed_seq = numbered.feed_seq FROM numbered WHERE outbox.outbox_id = numbered.outbox_id

-- read_feed --
-- With whose device it is about; an alarm of a site names its customer itself.
SELECT o.feed_seq, o.kind, o.subject_id, o.device_id, o.payload, o.created_at,
    coalesce(d.customer, o.payload ->> 'customer', '')
FROM outbox o LEFT JOIN devices d USING (device_id)
WHERE o.feed_seq > %(after)s ORDER BY o.feed_seq LIMIT %(limit)s

-- latest_feed_seq --
SELECT coalesce(max(feed_seq), 0) FROM outbox

-- begin_position --
-- A transport that is new begins with the oldest change.
INSERT INTO delivery_positions (transport, feed_seq, delivered_at) VALUES (%(transport)s, 0, %(at)s)
ON CONFLICT (transport) DO NOTHING

-- claim_position --
-- Locked until the transaction ends, so that one process at a time delivers through a transport.
SELECT feed_seq FROM delivery_positions WHERE transport = %(transport)s FOR UPDATE

-- advance_position --
UPDATE delivery_positions SET feed_seq = %(feed_seq)s, delivered_at = %(at)s WHERE transport = %(transport)s

-- delivery_backlog --
-- What is not numbered yet waits too.
SELECT count(*), min(created_at) FROM outbox
WHERE feed_seq IS NULL
   OR feed_seq > coalesce((SELECT feed_seq FROM delivery_positions WHERE transport = %(transport)s), 0)
