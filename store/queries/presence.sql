-- note_status --
-- An offline moves status_at a microsecond past its ts, so that the online of the same ts comes too late. An online that
-- comes again says nothing new about a will that was heard after it. A will only notes that the device may have gone: a broker
-- that is restarted sends the wills of all devices. What has no ts counts unless something was heard after it; a will with
-- the ts of the present connection is true whenever it is read, so it comes after what was heard.
WITH told AS (
    SELECT device_id, connectivity AS before,
           CASE WHEN %(dated)s AND NOT (%(state)s::text = 'offline' AND status_at IS NOT DISTINCT FROM %(ts)s::timestamptz)
                THEN %(ts)s::timestamptz
                WHEN %(dated)s THEN greatest(heard_at, coalesce(%(heard_at)s::timestamptz, %(ts)s::timestamptz))
                ELSE coalesce(%(heard_at)s::timestamptz, %(ts)s::timestamptz) END AS since,
           CASE WHEN %(state)s::text = 'offline'
                     AND (NOT %(dated)s OR status_at IS NOT DISTINCT FROM %(ts)s::timestamptz) THEN 'will'
                ELSE 'status' END AS told_by
    FROM devices
    WHERE device_id = %(device_id)s
      AND CASE WHEN %(dated)s AND %(state)s::text = 'online' AND %(ts)s::timestamptz = status_at
               THEN coalesce(%(heard_at)s::timestamptz, %(ts)s::timestamptz)
                    >= greatest(gone_at, CASE connectivity_by WHEN 'will' THEN connectivity_at END, '-infinity')
               WHEN %(dated)s THEN %(ts)s::timestamptz >= coalesce(status_at, '-infinity')
               ELSE coalesce(%(heard_at)s::timestamptz, %(ts)s::timestamptz)
                    >= greatest(heard_at, gone_at, CASE connectivity_by WHEN 'will' THEN connectivity_at END, '-infinity')
          END
    FOR NO KEY UPDATE
), updated AS (
    UPDATE devices d
    SET connectivity = CASE WHEN t.told_by = 'will' THEN d.connectivity ELSE %(state)s::text END,
        connectivity_at = CASE WHEN t.told_by = 'will' OR t.before = %(state)s::text THEN d.connectivity_at ELSE t.since END,
        connectivity_by = CASE WHEN t.told_by = 'will' OR t.before = %(state)s::text THEN d.connectivity_by ELSE t.told_by END,
        gone_at = CASE WHEN t.told_by = 'will' AND t.before <> 'offline' THEN coalesce(d.gone_at, t.since) END,
        status_at = CASE WHEN NOT %(dated)s THEN d.status_at
                         WHEN %(state)s::text = 'offline' THEN %(ts)s::timestamptz + interval '1 microsecond'
                         ELSE %(ts)s::timestamptz END
    FROM told t WHERE d.device_id = t.device_id
)
INSERT INTO connectivity_changes (device_id, at, state, told_by)
SELECT device_id, since, %(state)s::text, told_by FROM told WHERE before <> %(state)s::text AND told_by <> 'will'

-- beat --
-- Whoever was away for longer than an interruption, or has another clock now, begins to listen anew.
INSERT INTO ingest_heartbeats AS h (ingest_id, listening_since, stored_until, session_expiry, beat_at)
VALUES (%(ingest_id)s, %(stored_until)s, %(stored_until)s, %(session_expiry)s, clock_timestamp())
ON CONFLICT (ingest_id) DO UPDATE
SET listening_since = CASE WHEN EXCLUDED.beat_at - h.beat_at > %(interruption)s::interval
                                OR EXCLUDED.stored_until < h.stored_until THEN EXCLUDED.stored_until
                           ELSE h.listening_since END,
    stored_until = EXCLUDED.stored_until, session_expiry = EXCLUDED.session_expiry, beat_at = EXCLUDED.beat_at

-- listening --
-- A process that is away may have messages waiting at the broker, until its session there expires.
SELECT max(listening_since), min(stored_until) FROM ingest_heartbeats
WHERE beat_at > clock_timestamp() - session_expiry

-- candidates --
-- Online and silent by the catalog's interval or gone by its will, never judged, or offline and heard since.
SELECT d.device_id, m.reading_interval, d.connectivity, d.connectivity_at, d.connectivity_by, d.heard_at, d.heard_every,
       d.gone_at
FROM devices d JOIN device_models m USING (device_model)
WHERE coalesce(d.heard_at, d.gone_at) IS NOT NULL AND d.device_id > %(after)s
  AND CASE d.connectivity
      WHEN 'online' THEN d.heard_at < %(until)s - %(missed)s * m.reading_interval - %(grace)s
                         OR d.gone_at < %(until)s::timestamptz - %(grace)s::interval
      WHEN 'offline' THEN d.heard_at > d.connectivity_at
      ELSE true END
ORDER BY d.device_id LIMIT %(limit)s

-- change --
-- Only while the device is as it was when it was judged: of several judges one makes the change. That a device is what
-- it was ends the suspicion that it may have gone.
WITH changed AS (
    UPDATE devices
    SET connectivity = %(state)s, gone_at = NULL,
        connectivity_at = CASE WHEN connectivity = %(state)s THEN connectivity_at ELSE %(at)s END,
        connectivity_by = CASE WHEN connectivity = %(state)s THEN connectivity_by ELSE %(told_by)s END
    WHERE device_id = %(device_id)s AND connectivity = %(before)s AND heard_at IS NOT DISTINCT FROM %(heard_at)s
      AND gone_at IS NOT DISTINCT FROM %(gone_at)s
    RETURNING device_id
)
INSERT INTO connectivity_changes (device_id, at, state, told_by)
SELECT device_id, %(at)s, %(state)s, %(told_by)s FROM changed WHERE %(state)s <> %(before)s
