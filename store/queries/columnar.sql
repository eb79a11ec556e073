-- is_columnar --
-- Whether it was done before: the settings of compressed chunks are not changed under them.
SELECT compression_enabled FROM timescaledb_information.hypertables WHERE hypertable_name = %(table)s

-- make_columnar --
-- The order of the primary key, so that one device's stretch of time lies together.
ALTER TABLE {table} SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'device_id', timescaledb.compress_orderby = 'ts')

-- compress_quiet_chunks --
-- Compressing a chunk blocks its writers, so it waits until late readings have become rare.
SELECT add_compression_policy(%(table)s, compress_after => interval '21 days', if_not_exists => true)

-- lift_limit --
-- A late batch that fills gaps in a compressed chunk may decompress more rows than the default allows. To refuse it
-- would stop ingest for ever; to let it through costs that batch some seconds.
ALTER DATABASE {database} SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0
