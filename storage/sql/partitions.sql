-- Days of samples: partitions on plain PostgreSQL, chunks on TimescaleDB.

-- name: missing
SELECT missing_waveform_days(%(days)s::bigint[])

-- name: make
SELECT make_waveform_partitions(%(days)s::bigint[])

-- name: see
SELECT see_waveform_partitions(%(days)s::bigint[])
