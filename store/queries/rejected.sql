-- record --
-- Keep a message that could not be stored; the same bytes on the same topic are kept once and counted.
INSERT INTO rejected_messages (topic, payload, reason, received_at, last_at, sender)
VALUES (%(topic)s, %(payload)s, %(reason)s, %(received_at)s, %(received_at)s, %(sender)s)
ON CONFLICT (md5(topic), sha256(payload)) WHERE replayed_at IS NULL DO UPDATE
SET times = rejected_messages.times + 1, reason = EXCLUDED.reason,
    last_at = greatest(rejected_messages.last_at, EXCLUDED.last_at)
RETURNING times = 1

-- take_waiting --
-- Messages not replayed yet, oldest first; rows that another replay holds are left to it. What devices answer to
-- commands, and twins, are not ingest's: they are to look at.
SELECT rejected_id, topic, payload, reason, received_at FROM rejected_messages
WHERE replayed_at IS NULL AND rejected_id > %(after)s AND topic !~ '^devices/[^/]*/(commands|twin)/'
  AND (%(sender)s::text IS NULL OR sender = %(sender)s::text)
  AND (%(reason)s::text IS NULL OR strpos(lower(reason), lower(%(reason)s::text)) > 0)
ORDER BY rejected_id LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- mark_replayed --
UPDATE rejected_messages SET replayed_at = %(at)s WHERE rejected_id = ANY(%(ids)s)

-- renew_reasons --
-- Why a replay could not store them either.
UPDATE rejected_messages r SET reason = v.reason
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS v (rejected_id, reason)
WHERE r.rejected_id = v.rejected_id AND r.reason <> v.reason

-- waiting --
-- What waits for a replay, newest first, with the beginning of its payload; also finds one by its id.
SELECT rejected_id, topic, sender AS device, reason, times, received_at AS first_at, last_at,
       octet_length(payload) AS size, substr(payload, 1, %(shown)s) AS payload
FROM rejected_messages
WHERE replayed_at IS NULL
  AND (%(rejected_id)s::bigint IS NULL OR rejected_id = %(rejected_id)s)
  AND (%(device)s::text IS NULL OR sender = %(device)s)
  AND (%(reason)s::text IS NULL OR strpos(lower(reason), lower(%(reason)s::text)) > 0)
  AND (%(after)s::bigint IS NULL OR rejected_id < %(after)s)
ORDER BY rejected_id DESC
LIMIT %(limit)s
