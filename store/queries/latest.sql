-- of_device --
SELECT {pairs} FROM {latest} WHERE device_id = %(device_id)s

-- of_fleet --
-- By name.
SELECT d.name, l.ts, {values} FROM {latest} l JOIN devices d USING (device_id)
WHERE d.device_model = %(device_model)s
ORDER BY d.name

-- replace --
-- The usual case: a device's newest reading has every channel, so nothing older can matter. One index probe each.
INSERT INTO {latest} AS l (device_id, ts, whole, {columns})
SELECT n.device_id, n.ts, true, {pairs}
FROM (SELECT device_id, max(last_ts) AS ts FROM taken_stretches GROUP BY device_id) n
CROSS JOIN LATERAL (
    SELECT {channels} FROM {table} r
    WHERE r.device_id = n.device_id AND r.ts = n.ts AND r.ts BETWEEN {first} AND {last} OFFSET 0
) r
WHERE {whole}
ORDER BY n.device_id
ON CONFLICT (device_id) DO UPDATE SET ts = EXCLUDED.ts, whole = true, {changes} WHERE EXCLUDED.ts >= l.ts

-- merge --
-- Devices whose newest reading has gaps: the newest value of each channel among all that was written, if it is newer
-- than the one that is known. A pair of instant and value is compared by its instant first.
INSERT INTO {latest} AS l (device_id, ts, whole, {columns})
SELECT f.device_id, f.ts, {found_whole}, {pairs}
FROM (
    SELECT t.device_id, max(r.ts) AS ts, {newest}
    FROM (
        SELECT t.*, max(last_ts) OVER (PARTITION BY device_id) AS newest FROM taken_stretches t
    ) t
    CROSS JOIN LATERAL (
        SELECT * FROM {table} r
        WHERE r.device_id = t.device_id AND r.ts BETWEEN t.first_ts AND t.last_ts AND r.ts BETWEEN {first} AND {last}
        OFFSET 0
    ) r
    WHERE NOT EXISTS (SELECT FROM {latest} k WHERE k.device_id = t.device_id AND k.whole AND k.ts >= t.newest)
    GROUP BY t.device_id
) f
ORDER BY f.device_id
ON CONFLICT (device_id) DO UPDATE SET ts = greatest(l.ts, EXCLUDED.ts), whole = {merged_whole}, {changes}
