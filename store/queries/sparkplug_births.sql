-- record --
-- Keep a birth: it confirms the latest one when it tells the same metrics, and is a row of its own when it does not.
WITH latest AS (
    SELECT received_at, metrics FROM sparkplug_births
    WHERE group_id = %(group_id)s AND edge_node = %(edge_node)s AND device_id = %(device_id)s
    ORDER BY received_at DESC LIMIT 1
), confirmed AS (
    UPDATE sparkplug_births b SET confirmed_at = %(received_at)s, bd_seq = %(bd_seq)s
    FROM latest
    WHERE b.group_id = %(group_id)s AND b.edge_node = %(edge_node)s AND b.device_id = %(device_id)s
      AND b.received_at = latest.received_at AND latest.metrics = %(metrics)s AND b.confirmed_at <= %(received_at)s
)
INSERT INTO sparkplug_births (group_id, edge_node, device_id, received_at, confirmed_at, metrics, bd_seq)
SELECT %(group_id)s, %(edge_node)s, %(device_id)s, %(received_at)s, %(received_at)s, %(metrics)s, %(bd_seq)s
WHERE NOT EXISTS (SELECT FROM latest WHERE metrics = %(metrics)s)
ON CONFLICT (group_id, edge_node, device_id, received_at) DO UPDATE
SET metrics = EXCLUDED.metrics, bd_seq = EXCLUDED.bd_seq

-- find --
-- For each source the birth that was in force at an instant: the last one before it, or else the first one after it.
SELECT s.position, b.metrics, b.bd_seq::text
FROM unnest(%(group_ids)s::text[], %(edge_nodes)s::text[], %(device_ids)s::text[], %(instants)s::timestamptz[])
    WITH ORDINALITY AS s (group_id, edge_node, device_id, at, position)
CROSS JOIN LATERAL (
    SELECT metrics, bd_seq FROM sparkplug_births
    WHERE group_id = s.group_id AND edge_node = s.edge_node AND device_id = s.device_id
    ORDER BY received_at > s.at, CASE WHEN received_at <= s.at THEN received_at END DESC, received_at
    LIMIT 1
) b

-- devices_behind --
-- Registered devices that were born behind an edge node.
SELECT DISTINCT d.name FROM sparkplug_births b JOIN devices d ON d.name = b.edge_node || %(between)s || b.device_id
WHERE b.group_id = %(group_id)s AND b.edge_node = %(edge_node)s AND b.device_id <> ''
ORDER BY d.name

-- drop_old --
-- A birth that was followed by another one, or whose sender has not been heard of since.
DELETE FROM sparkplug_births b
WHERE b.confirmed_at < %(oldest)s
  AND (EXISTS (SELECT FROM sparkplug_births later
               WHERE (later.group_id, later.edge_node, later.device_id) = (b.group_id, b.edge_node, b.device_id)
                 AND later.received_at > b.received_at)
       OR NOT EXISTS (SELECT FROM devices d
                      WHERE d.name = b.edge_node || CASE WHEN b.device_id = '' THEN '' ELSE %(between)s || b.device_id END
                        AND d.heard_at >= %(oldest)s))

-- drop_beyond --
-- Of each edge node, with all that is behind it, the births that were confirmed last are kept.
DELETE FROM sparkplug_births b
USING (
    SELECT group_id, edge_node, device_id, received_at, row_number() OVER latest AS births,
           sum(pg_column_size(metrics)) OVER latest AS bytes
    FROM sparkplug_births
    WINDOW latest AS (PARTITION BY edge_node ORDER BY confirmed_at DESC, received_at DESC, group_id, device_id)
) r
WHERE (r.group_id, r.edge_node, r.device_id, r.received_at) = (b.group_id, b.edge_node, b.device_id, b.received_at)
  AND (r.births > %(births)s OR r.bytes > %(bytes)s)
