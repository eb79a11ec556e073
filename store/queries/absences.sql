-- hold --
-- One process at a time looks; the others find nothing to do. Held until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('aftercare.absences', 0))

-- absent --
-- Devices that are offline, with those whose own alarm says so.
SELECT d.device_id, d.customer, d.site, d.connectivity = 'offline' AS offline,
    d.connectivity = 'offline' AND d.connectivity_at <= %(now)s - t.tolerance AS overdue, a.alarm_id
FROM devices d
JOIN unnest(%(device_models)s::text[], %(tolerances)s::interval[]) AS t (device_model, tolerance) USING (device_model)
LEFT JOIN alarms a ON a.device_id = d.device_id AND a.alarm_type = %(alarm_type)s AND a.active
WHERE d.connectivity = 'offline' OR a.alarm_id IS NOT NULL
ORDER BY d.device_id

-- sites --
-- How many devices of each site have ever been online or offline.
SELECT s.customer, s.site, (SELECT count(*) FROM devices d WHERE (d.customer, d.site) = (s.customer, s.site)
    AND d.connectivity <> 'unknown'), s.alarm_id,
    ARRAY(SELECT device_id FROM alarm_members m WHERE m.alarm_id = s.alarm_id AND m.left_at IS NULL)
FROM (
    SELECT coalesce(w.customer, a.customer) AS customer, coalesce(w.site, a.site) AS site, a.alarm_id
    FROM unnest(%(customers)s::text[], %(sites)s::text[]) AS w (customer, site)
    FULL JOIN (SELECT customer, site, alarm_id FROM alarms WHERE alarm_type = %(alarm_type)s AND active) a
        USING (customer, site)
) s
ORDER BY s.customer, s.site

-- offline_since --
SELECT device_id, connectivity_at FROM devices WHERE device_id = ANY (%(device_ids)s)

-- set_members --
-- Those that are back have left; those that went join, or join again.
WITH gone AS (
    UPDATE alarm_members SET left_at = %(now)s
    WHERE alarm_id = %(alarm_id)s AND left_at IS NULL AND device_id <> ALL (%(device_ids)s)
)
INSERT INTO alarm_members (alarm_id, device_id, joined_at)
SELECT %(alarm_id)s, device_id, %(now)s FROM devices WHERE device_id = ANY (%(device_ids)s)
ON CONFLICT (alarm_id, device_id) DO UPDATE SET left_at = NULL, joined_at = EXCLUDED.joined_at WHERE alarm_members.left_at IS NOT NULL
