-- hypertable --
-- All chunks, compressed ones too; rows as the statistics estimate them.
SELECT coalesce(hypertable_size(to_regclass(%(table)s)), 0), coalesce(approximate_row_count(to_regclass(%(table)s)), 0)

-- table --
-- The same on plain PostgreSQL.
SELECT coalesce(max(pg_total_relation_size(oid)), 0), coalesce(max(greatest(reltuples, 0)), 0)::bigint
FROM pg_class WHERE oid = to_regclass(%(table)s)

-- backlog --
-- What upkeep has not taken, and what it has not rolled up.
SELECT (SELECT count(*) FROM dirty_batches), (SELECT count(*) FROM dirty_buckets)
