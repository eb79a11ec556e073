-- hold_requests --
-- One at a time asks, so that no two at once are both the last that a device may be sent.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.commands', 0))

-- devices_of_names --
-- The named devices with how many commands each was sent since an instant. customer: only that customer's.
SELECT d.name, d.device_id, d.device_model,
       (SELECT count(*) FROM commands c WHERE c.device_id = d.device_id AND c.requested_at > %(since)s)
FROM devices d
WHERE d.name = ANY(%(names)s) AND (%(customer)s::text IS NULL OR d.customer = %(customer)s)

-- ticket_device --
SELECT device_id FROM tickets WHERE ticket_id = %(ticket_id)s

-- add --
-- One command for each of these devices, in their order.
INSERT INTO commands (device_id, command, arguments, correlation, requested_at, requested_by, expires_at, timeout,
                      deadline, ticket_id, fleet_id)
SELECT v.device_id, %(command)s, %(arguments)s, v.correlation, %(at)s, %(who)s, %(expires_at)s, %(timeout)s,
       %(expires_at)s, %(ticket_id)s, %(fleet_id)s
FROM unnest(%(device_ids)s::bigint[], %(correlations)s::bytea[]) AS v (device_id, correlation)
RETURNING command_id

-- claim --
-- The oldest queued commands of devices that are online become sending: for a device that never spoke, the broker keeps none.
WITH chosen AS (
    SELECT c.command_id FROM commands c JOIN devices d USING (device_id)
    WHERE c.state = 'queued' AND c.expires_at > %(now)s AND d.connectivity = 'online'
    ORDER BY c.command_id LIMIT %(limit)s
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE commands c SET state = 'sending'
FROM chosen, devices d
WHERE c.command_id = chosen.command_id AND d.device_id = c.device_id
RETURNING c.command_id, d.name, c.command, c.arguments, c.correlation, c.expires_at

-- note_sent --
-- The broker has these: its echo says so.
UPDATE commands c SET state = 'sent', sent_at = %(at)s, deadline = c.expires_at + c.timeout
FROM unnest(%(ids)s::bigint[], %(correlations)s::bytea[]) AS v (command_id, correlation)
WHERE c.command_id = v.command_id AND c.correlation = v.correlation AND c.state = 'sending'

-- requeue --
-- What the broker has not got: everything that it has came back before the marker did.
UPDATE commands SET state = 'queued' WHERE state = 'sending'

-- refuse_sent --
-- The broker does not take it.
UPDATE commands SET state = 'failed', error_code = %(code)s, error_message = %(message)s, finished_at = %(at)s
WHERE command_id = %(command_id)s AND state = 'sending'

-- lock --
-- Commands that responses came for, locked in the order of their ids.
SELECT c.command_id, d.name, c.state, c.correlation, c.expires_at
FROM commands c JOIN devices d USING (device_id)
WHERE c.command_id = ANY(%(ids)s::bigint[])
ORDER BY c.command_id FOR NO KEY UPDATE OF c

-- add_steps --
INSERT INTO command_steps (command_id, digest, ts, received_at, state, progress)
SELECT v.command_id, v.digest, v.ts, %(at)s, v.state, v.progress
FROM unnest(%(ids)s::bigint[], %(digests)s::bytea[], %(ts)s::timestamptz[], %(states)s::text[], %(progress)s::real[])
    AS v (command_id, digest, ts, state, progress)
ON CONFLICT DO NOTHING

-- knows_step --
SELECT EXISTS (SELECT FROM command_steps WHERE command_id = %(command_id)s AND digest = %(digest)s)

-- advance --
-- Responses move commands on, and with them the time that the devices have for the next.
UPDATE commands c
SET state = v.state, progress = coalesce(v.progress, c.progress), result = v.result::jsonb,
    error_code = v.error_code, error_message = v.error_message,
    sent_at = coalesce(c.sent_at, %(at)s), answered_at = coalesce(c.answered_at, %(at)s),
    finished_at = CASE WHEN v.final THEN %(at)s::timestamptz END,
    deadline = %(now)s::timestamptz + c.timeout
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(progress)s::real[], %(results)s::text[], %(error_codes)s::text[],
            %(error_messages)s::text[], %(final)s::boolean[])
    AS v (command_id, state, progress, result, error_code, error_message, final)
WHERE c.command_id = v.command_id

-- cancel --
UPDATE commands SET state = 'cancelled', finished_at = %(at)s
WHERE command_id = %(command_id)s AND state = 'queued'

-- time_out --
-- What has waited for too long; rows that somebody works on are left to the next round.
WITH late AS (
    SELECT command_id FROM commands WHERE finished_at IS NULL AND deadline < %(now)s
    ORDER BY command_id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE commands c
SET state = 'timed_out', finished_at = %(at)s, error_code = 'timed_out',
    error_message = CASE c.state WHEN 'queued' THEN 'the device was not online while the command was valid'
                                 WHEN 'sending' THEN 'the broker did not confirm that it has the command'
                                 WHEN 'sent' THEN 'the device did not answer'
                                 ELSE 'the device said nothing more' END
FROM late WHERE c.command_id = late.command_id
RETURNING c.command_id

-- asker --
c.requested_by

-- asker_of_customer --
asked_by(c.command_id) AS requested_by

-- listing --
-- Newest first; those of one device, fleet request, ticket or state.
SELECT c.command_id, d.name AS device, c.command, c.arguments, c.state, c.requested_at, {asker}, c.expires_at,
       c.sent_at, c.answered_at, c.finished_at, c.progress, c.result, c.error_code, c.error_message, c.ticket_id,
       c.fleet_id
FROM commands c JOIN devices d USING (device_id)
WHERE (%(command_id)s::bigint IS NULL OR c.command_id = %(command_id)s)
  AND (%(device)s::text IS NULL OR d.name = %(device)s)
  AND (%(fleet_id)s::bigint IS NULL OR c.fleet_id = %(fleet_id)s)
  AND (%(ticket_id)s::bigint IS NULL OR c.ticket_id = %(ticket_id)s)
  AND (%(state)s::text IS NULL OR c.state = %(state)s)
  AND (%(after)s::bigint IS NULL OR c.command_id < %(after)s)
ORDER BY c.command_id DESC LIMIT %(limit)s

-- steps --
-- What a device told of a command, in the order in which it came.
SELECT ts, received_at, state, progress FROM command_steps WHERE command_id = %(command_id)s
ORDER BY received_at, ts

-- backlog --
-- How many commands wait to be sent or for an answer, and the age of the oldest that could be sent.
SELECT count(*) FILTER (WHERE c.state = 'queued'), count(*) FILTER (WHERE c.state = 'sending'),
       count(*) FILTER (WHERE c.state IN ('sent', 'acknowledged', 'running')),
       min(c.requested_at) FILTER (WHERE c.state = 'queued' AND d.connectivity = 'online')
FROM commands c JOIN devices d USING (device_id) WHERE c.finished_at IS NULL
