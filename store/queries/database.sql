-- storage_tier --
-- Whether the timescaledb extension can be had, and under which licence it runs; null before it is created.
-- What is installed is looked for first: to list what could be installed the server reads a folder. Which libraries
-- are preloaded it tells to few, but anybody sees a setting that TimescaleDB's brings with it.
SELECT CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN true
            WHEN current_setting('timescaledb.max_background_workers', true) IS NULL THEN false
            ELSE EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') END,
       current_setting('timescaledb.license', true)

-- clock --
-- What time it is there, to find clocks that differ.
SELECT clock_timestamp()

-- create_timescaledb --
-- Needs to be the first statement of its session.
CREATE EXTENSION IF NOT EXISTS timescaledb

-- create_migrations_table --
-- Where the applied migrations are noted.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- lock_migrations --
-- One migrating process at a time; held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.migrations', 0))

-- applied_migrations --
SELECT name FROM schema_migrations ORDER BY name

-- note_migration --
INSERT INTO schema_migrations (name) VALUES (%(name)s)

-- create_hypertable --
-- Only on the TimescaleDB tiers.
SELECT create_hypertable(%(table)s::regclass, by_range('ts', %(chunk)s::interval), if_not_exists => true, migrate_data => true, create_default_indexes => false)

-- table_columns --
-- Columns of a table, empty when there is no such table.
SELECT column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = %(table)s

-- tables --
-- Every table there is.
SELECT tablename FROM pg_tables WHERE schemaname = current_schema()

-- upsert_device_model --
-- Keep the catalog's definition beside the data, for people who read the tables.
INSERT INTO device_models (device_model, title, reading_interval, currency)
VALUES (%(name)s, %(title)s, %(reading_interval)s, %(currency)s)
ON CONFLICT (device_model) DO UPDATE
SET title = EXCLUDED.title, reading_interval = EXCLUDED.reading_interval, currency = EXCLUDED.currency

-- upsert_part --
INSERT INTO parts (part_no, description, unit_cost_minor, currency, lead_time)
VALUES (%(part_no)s, %(description)s, %(unit_cost)s, %(currency)s, %(lead_time)s)
ON CONFLICT (part_no) DO UPDATE
SET description = EXCLUDED.description, unit_cost_minor = EXCLUDED.unit_cost_minor,
    currency = EXCLUDED.currency, lead_time = EXCLUDED.lead_time

-- readings_tables --
-- All device models that have a readings table.
SELECT device_model FROM device_models
WHERE to_regclass('readings_' || device_model) IS NOT NULL ORDER BY device_model

-- see_as_customer --
-- Until this transaction ends: row security leaves the rows of this customer.
SELECT set_config('role', 'aftercare_customer', true), set_config('aftercare.customer', %(customer)s, true)

-- view --
-- Whose rows this transaction sees now.
SELECT current_setting('role'), coalesce(current_setting('aftercare.customer', true), '')

-- see_as --
-- Until this transaction ends: the view of a role and customer; 'none' is the role that signed in.
SELECT set_config('role', %s, true), set_config('aftercare.customer', %s, true)
