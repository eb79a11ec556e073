-- record --
-- Keep a message that could not be stored; the same bytes on the same topic are kept once and counted.
INSERT INTO rejected_messages (topic, payload, reason, received_at, last_at, sender)
VALUES (%(topic)s, %(payload)s, %(reason)s, %(received_at)s, %(received_at)s, %(sender)s)
ON CONFLICT (md5(topic), sha256(payload)) WHERE replayed_at IS NULL DO UPDATE
SET times = rejected_messages.times + 1, reason = EXCLUDED.reason,
    last_at = greatest(rejected_messages.last_at, EXCLUDED.last_at)
RETURNING times = 1

-- take_waiting --
-- Messages not replayed yet, oldest first; rows that another replay holds are left to it.
SELECT rejected_id, topic, payload, reason, received_at FROM rejected_messages
WHERE replayed_at IS NULL AND rejected_id > %(after)s
  AND (%(sender)s::text IS NULL OR sender = %(sender)s::text)
  AND (%(reason)s::text IS NULL OR strpos(lower(reason), lower(%(reason)s::text)) > 0)
ORDER BY rejected_id LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- mark_replayed --
UPDATE rejected_messages SET replayed_at = %(at)s WHERE rejected_id = ANY(%(ids)s)
