-- copy_in --
-- Binary; ts travels as bigint microseconds since 2000, which is timestamptz on the wire.
COPY {table} ({columns}) FROM STDIN (FORMAT binary)

-- create_staging --
-- For a batch that meets rows which are stored already.
CREATE TEMPORARY TABLE {staging} (LIKE {table}) ON COMMIT DROP

-- analyze_staging --
ANALYZE {staging}

-- insert_staged --
-- In key order, so that two writers never wait for each other in a ring.
INSERT INTO {table} ({columns})
SELECT {columns} FROM {staging} ORDER BY device_id, ts
ON CONFLICT (device_id, ts) DO NOTHING

-- compare_staged --
-- How many stored rows hold another value than the one that came now, and whose rows, from when to when, have gaps that it
-- fills. Devices and bounds are constants: they keep chunks out, and of compressed ones all that is not read.
SELECT count(*) FILTER (WHERE differs), array_agg(DISTINCT device_id) FILTER (WHERE gaps),
       min(ts) FILTER (WHERE gaps), max(ts) FILTER (WHERE gaps)
FROM (
    SELECT device_id, ts,
        {differs} OR EXISTS (SELECT FROM jsonb_each(s.extra) e WHERE t.extra -> e.key <> e.value) AS differs,
        {gaps} AS gaps
    FROM {staging} s JOIN {table} t USING (device_id, ts)
    WHERE t.device_id = ANY({devices}::bigint[]) AND t.ts BETWEEN {first} AND {last}
) c

-- fill_gaps --
-- First value wins: only what is still empty is filled, and rows without a gap are left alone. Of compressed chunks it
-- decompresses whatever the constants do not exclude, joined or not.
UPDATE {table} t
SET {fills}, extra = coalesce(s.extra || coalesce(t.extra, '{{}}'), t.extra)
FROM {staging} s
WHERE t.device_id = s.device_id AND t.ts = s.ts
  AND t.device_id = ANY({devices}::bigint[]) AND t.ts BETWEEN {first} AND {last}
  AND {gaps}

-- drop_staging --
DROP TABLE {staging}

-- copy_out --
-- Fixed-width rows without NULL, so that they can be read as one array.
COPY (SELECT device_id, ts, {values} FROM {table}
      WHERE ts >= coalesce(%(since)s, '-infinity'::timestamptz) AND ts < coalesce(%(until)s, 'infinity'::timestamptz)
        AND (%(devices)s::text[] IS NULL
             OR device_id IN (SELECT d.device_id FROM devices d WHERE d.name = ANY(%(devices)s::text[]))))
TO STDOUT (FORMAT binary)

-- raw_range --
-- As they are, when they are few.
SELECT ts, {channels} FROM {table}
WHERE device_id = %(device_id)s AND ts >= %(since)s AND ts < %(until)s
ORDER BY ts LIMIT %(limit)s

-- summarise --
-- Least, mean and greatest value of each channel in each bucket that has readings.
SELECT {bucket} AS bucket, {summaries} FROM ({pieces}) p GROUP BY bucket ORDER BY bucket

-- piece --
-- Some stretches of one table; the outer bounds keep chunks out, the inner ones use the index for each stretch.
SELECT r.* FROM unnest({starts}::timestamptz[], {ends}::timestamptz[]) AS s (start, stop)
CROSS JOIN LATERAL (
    SELECT r.{column} AS ts, {summaries} FROM {table} r
    WHERE r.device_id = %(device_id)s AND r.{column} >= s.start AND r.{column} < s.stop
      AND r.{column} >= {first} AND r.{column} < {last}
    OFFSET 0
) r

-- any_before --
-- Whether there is any reading before an instant.
SELECT EXISTS (SELECT FROM {table} WHERE ts < %(until)s)
