-- note --
-- At most once a minute for each channel, and so many channels of a device model: names are the devices' own.
INSERT INTO undeclared_channels AS u (device_model, channel, device_id, first_at, last_at)
SELECT %(device_model)s, v.channel, v.device_id, %(at)s, %(at)s
FROM unnest(%(channels)s::text[], %(device_ids)s::bigint[]) WITH ORDINALITY AS v (channel, device_id, place)
LEFT JOIN undeclared_channels known ON known.device_model = %(device_model)s AND known.channel = v.channel
WHERE coalesce(known.last_at + interval '1 minute' <= %(at)s,
               v.place + (SELECT count(*) FROM undeclared_channels WHERE device_model = %(device_model)s) <= %(most)s)
ORDER BY v.channel
ON CONFLICT (device_model, channel) DO UPDATE
SET device_id = EXCLUDED.device_id, last_at = greatest(u.last_at, EXCLUDED.last_at)

-- since --
-- What came since, with the name of a device that sent it; one that was removed has none.
SELECT u.device_model, u.channel, coalesce(d.name, ''), u.first_at, u.last_at
FROM undeclared_channels u LEFT JOIN devices d USING (device_id)
WHERE u.last_at >= %(since)s
ORDER BY u.device_model, u.channel
