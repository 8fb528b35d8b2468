-- Old days of samples go, whole partitions at a time; what people labelled stays.

-- name: get_days
SELECT days FROM storage_policies WHERE name = 'retention'

-- name: set_days
INSERT INTO storage_policies (name, days, set_by) VALUES ('retention', %(days)s, %(login)s)
ON CONFLICT (name) DO UPDATE SET days = excluded.days, set_by = excluded.set_by, set_us = excluded.set_us

-- name: forget_days
DELETE FROM storage_policies WHERE name = 'retention'

-- name: cutoff
SELECT (now_us() / 86400000000 - %(days)s) * 86400000000

-- name: partitions
SELECT c.relname::text, (to_date(right(c.relname, 8), 'YYYYMMDD') - date '1970-01-01')::bigint * 86400000000 AS start_us,
       (to_date(right(c.relname, 8), 'YYYYMMDD') - date '1970-01-01' + 1)::bigint * 86400000000 AS end_us
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'waveform_blocks'::regclass ORDER BY start_us

-- name: chunks
SELECT chunk_name::text, range_start_integer, range_end_integer FROM timescaledb_information.chunks
WHERE hypertable_name = 'waveform_blocks' ORDER BY range_start_integer

-- name: make_tables
CREATE TEMP TABLE IF NOT EXISTS kept_blocks (LIKE waveform_blocks INCLUDING STORAGE) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS gone_samples (group_id integer, n_samples bigint, start_sample bigint, end_sample bigint)
    ON COMMIT DROP;
TRUNCATE kept_blocks, gone_samples

-- name: lock_groups
SELECT id FROM channel_groups
-- an array, not a join: rows of a columnstore cannot be locked
WHERE id = ANY(ARRAY(SELECT DISTINCT group_id FROM waveform_blocks
                     WHERE start_us >= %(start_us)s AND start_us < %(end_us)s))
ORDER BY id FOR NO KEY UPDATE

-- name: find_kept
INSERT INTO kept_blocks
SELECT b.* FROM waveform_blocks b JOIN channel_groups g ON g.id = b.group_id
WHERE b.start_us >= %(start_us)s AND b.start_us < %(end_us)s AND %(keep_labelled)s
  AND is_labelled(g.stream_id, b.start_us, b.start_us + (b.n_samples * 1e6::float8 / g.fs_hz)::bigint)

-- name: find_gone
INSERT INTO gone_samples
SELECT group_id, sum(n_samples), min(start_sample), max(start_sample + n_samples) FROM waveform_blocks b
WHERE start_us >= %(start_us)s AND start_us < %(end_us)s
  AND NOT EXISTS (SELECT FROM kept_blocks k WHERE k.group_id = b.group_id AND k.start_us = b.start_us)
GROUP BY group_id

-- name: gone
SELECT group_id, n_samples, start_sample, end_sample FROM gone_samples ORDER BY group_id

-- name: drop_chunks
SELECT drop_chunks('waveform_blocks', older_than => %(end_us)s::bigint, newer_than => %(start_us)s::bigint)

-- name: count_kept
SELECT count(*), coalesce(array_agg(DISTINCT start_us), '{}') FROM kept_blocks

-- name: put_back
INSERT INTO waveform_blocks SELECT * FROM kept_blocks

-- name: forget_beats
-- Cells that hold no samples any more: the first with samples after those that went is not among them.
DELETE FROM beat_blocks b USING detector_runs r, gone_samples n, channel_groups g
WHERE r.id = b.run_id AND r.group_id = n.group_id AND g.id = n.group_id
  AND b.cell >= n.start_sample / g.cell_samples AND b.cell <= (n.end_sample - 1) / g.cell_samples
  AND NOT EXISTS (SELECT FROM kept_blocks k WHERE k.group_id = g.id AND k.start_sample / g.cell_samples = b.cell)
  AND b.cell < coalesce((SELECT w.start_sample / g.cell_samples FROM waveform_blocks w
                         WHERE w.group_id = g.id AND w.start_us >= %(end_us)s ORDER BY w.start_us LIMIT 1), b.cell + 1)

-- name: correct_extents
UPDATE channel_groups g
SET n_stored = g.n_stored - n.n_samples,
    first_sample = coalesce((SELECT w.start_sample FROM waveform_blocks w WHERE w.group_id = g.id
                             ORDER BY w.start_us LIMIT 1),
                            (SELECT min(t.start_sample) FROM waveform_tail t WHERE t.group_id = g.id), g.next_sample)
FROM gone_samples n WHERE g.id = n.group_id
