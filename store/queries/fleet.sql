-- sites_by_health --
-- Each site with its devices, all or those of one model, and the alarms of these and its own that are in sight, the
-- worst first.
WITH sick AS (
    SELECT at_customer AS customer, at_site AS site, sum(alarms)::bigint AS active_alarms,
        sum(unacknowledged)::bigint AS unacknowledged, min(worst) AS worst, count(device_id) AS troubled
    FROM (
        SELECT at_customer, at_site, device_id, count(*) AS alarms, count(*) FILTER (WHERE NOT acknowledged) AS unacknowledged,
            min(array_position(ARRAY['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'], severity)) AS worst
        FROM alarms
        WHERE active AND shelved_until IS NULL AND (%(customer)s::text IS NULL OR at_customer = %(customer)s)
            AND (%(device_model)s::text IS NULL OR device_id IS NULL
                OR device_id IN (SELECT device_id FROM devices WHERE device_model = %(device_model)s))
        GROUP BY at_customer, at_site, device_id
    ) by_device
    GROUP BY at_customer, at_site
), counted AS (
    SELECT customer, site, count(*) AS devices, count(*) FILTER (WHERE connectivity = 'offline') AS offline,
        count(*) FILTER (WHERE connectivity NOT IN ('online', 'offline')) AS unheard
    FROM devices
    WHERE (%(customer)s::text IS NULL OR customer = %(customer)s)
        AND (%(device_model)s::text IS NULL OR device_model = %(device_model)s)
    GROUP BY customer, site
)
SELECT c.customer, c.site, c.devices, c.offline, c.unheard, coalesce(s.troubled, 0) AS troubled,
    coalesce(s.active_alarms, 0) AS active_alarms, coalesce(s.unacknowledged, 0) AS unacknowledged,
    (ARRAY['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'])[s.worst] AS worst_severity
FROM counted c LEFT JOIN sick s USING (customer, site)
ORDER BY coalesce(s.worst, 9), coalesce(s.active_alarms, 0) DESC, c.offline DESC, c.customer, c.site
LIMIT %(limit)s OFFSET %(offset)s

-- device_models --
-- Devices of each model, and how many are offline.
SELECT device_model, m.title, d.devices, d.offline, d.online
FROM device_models m
JOIN (
    SELECT device_model, count(*) AS devices, count(*) FILTER (WHERE connectivity = 'offline') AS offline,
        count(*) FILTER (WHERE connectivity = 'online') AS online
    FROM devices GROUP BY device_model
) d USING (device_model)
ORDER BY m.title

-- devices_of_site --
-- Each device of a site with the worst of its alarms in sight, the worst first.
SELECT d.name, d.device_model, d.serial, d.connectivity, d.last_seen_at, a.worst_severity,
    coalesce(a.active_alarms, 0) AS active_alarms,
    (SELECT count(*) FROM tickets t WHERE t.device_id = d.device_id
        AND t.state IN ('suggested', 'open', 'planned', 'in_progress')) AS unsettled_tickets
FROM devices d
LEFT JOIN LATERAL (
    SELECT count(*) AS active_alarms,
        (array_agg(severity ORDER BY array_position(ARRAY['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'], severity)))[1]
            AS worst_severity
    FROM alarms WHERE device_id = d.device_id AND active AND shelved_until IS NULL
) a ON true
WHERE d.customer = %(customer)s AND d.site = %(site)s
ORDER BY array_position(ARRAY['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'], a.worst_severity) NULLS LAST,
    d.connectivity <> 'offline', d.name
LIMIT %(limit)s OFFSET %(offset)s

-- alarm_counts --
-- Uncleared alarms by severity: in sight, of these unseen, out of sight, and those that can wait.
SELECT severity, count(*) FILTER (WHERE shelved_until IS NULL), count(*) FILTER (WHERE shelved_until IS NULL AND NOT acknowledged),
    count(*) FILTER (WHERE shelved_until IS NOT NULL), count(*) FILTER (WHERE deferred)
FROM alarms WHERE active GROUP BY severity
