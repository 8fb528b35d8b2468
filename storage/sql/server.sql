-- What the server is.

-- name: capabilities
SELECT split_part(current_setting('server_version'), ' ', 1),
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
       CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
            THEN current_setting('timescaledb.license', true) END

-- name: extension_available
SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'

-- name: create_extension
CREATE EXTENSION IF NOT EXISTS timescaledb

-- name: is_hypertable
SELECT EXISTS (SELECT FROM timescaledb_information.hypertables WHERE hypertable_name = 'waveform_blocks')

-- name: is_partitioned
SELECT EXISTS (SELECT FROM pg_class WHERE oid = 'waveform_blocks'::regclass AND relkind = 'p')

-- name: leave_partitions
-- The extension makes no hypertable of a partitioned table: its rows go into a plain one first.
ALTER TABLE waveform_blocks RENAME TO waveform_blocks_before;
ALTER TABLE waveform_blocks_before RENAME CONSTRAINT waveform_blocks_pkey TO waveform_blocks_before_pkey;
CREATE TABLE waveform_blocks (LIKE waveform_blocks_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE
                              INCLUDING COMMENTS) WITH (toast_tuple_target = 128);
ALTER TABLE waveform_blocks ADD PRIMARY KEY (group_id, start_us);
INSERT INTO waveform_blocks SELECT * FROM waveform_blocks_before;
DROP TABLE waveform_blocks_before

-- name: create_hypertable
SELECT create_hypertable('waveform_blocks', by_range('start_us', 86400000000::bigint),
                         create_default_indexes => false, migrate_data => true)

-- name: set_chunk_length
SELECT set_chunk_time_interval('waveform_blocks', 86400000000::bigint)

-- name: set_integer_now
SELECT set_integer_now_func('waveform_blocks', 'now_us')

-- name: lock_migrations
SELECT pg_advisory_lock(7244711883902)

-- name: unlock_migrations
SELECT pg_advisory_unlock(7244711883902)

-- name: create_migrations_table
CREATE TABLE IF NOT EXISTS schema_migrations (
    number      integer PRIMARY KEY,
    name        text NOT NULL,
    checksum    text NOT NULL,
    applied_us  bigint NOT NULL DEFAULT (extract(epoch FROM now()) * 1000000)::bigint
)

-- name: has_migrations_table
SELECT to_regclass('schema_migrations') IS NOT NULL

-- name: applied_migrations
SELECT number, name, checksum FROM schema_migrations ORDER BY number

-- name: record_migration
INSERT INTO schema_migrations (number, name, checksum) VALUES (%s, %s, %s)

-- name: has_database
SELECT 1 FROM pg_database WHERE datname = 'rhythmark'

-- name: create_database
CREATE DATABASE rhythmark
