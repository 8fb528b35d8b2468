-- Samples: complete cells in waveform_blocks, the incomplete one in waveform_tail.

-- name: lock_group
-- NO KEY: people who add labels to the group (a foreign key) do not wait for its samples.
SELECT first_sample, next_sample, n_stored, sealed FROM channel_groups WHERE id = %(group_id)s FOR NO KEY UPDATE

-- name: coverage
SELECT start_sample, n_samples FROM waveform_blocks
WHERE group_id = %(group_id)s AND start_us >= %(start_us)s AND start_us < %(end_us)s
UNION ALL
SELECT start_sample, (octet_length(payload) / %(sample_bytes)s)::integer FROM waveform_tail
WHERE group_id = %(group_id)s AND start_sample >= %(start)s AND start_sample < %(end)s
ORDER BY 1

-- name: read_blocks
SELECT start_sample, n_samples, codec, payload FROM waveform_blocks
WHERE group_id = %(group_id)s AND start_us >= %(start_us)s AND start_us < %(end_us)s
UNION ALL
SELECT start_sample, (octet_length(payload) / %(sample_bytes)s)::integer, %(raw_codec)s::smallint, payload FROM waveform_tail
WHERE group_id = %(group_id)s AND start_sample >= %(start)s AND start_sample < %(end)s
ORDER BY 1

-- name: read_envelopes
SELECT start_sample, n_samples, envelope FROM waveform_blocks
WHERE group_id = %(group_id)s AND start_us >= %(start_us)s AND start_us < %(end_us)s
ORDER BY start_us

-- name: read_tail
SELECT start_sample, payload FROM waveform_tail
WHERE group_id = %(group_id)s AND start_sample >= %(start)s AND start_sample < %(end)s
ORDER BY 1

-- name: delete_blocks
DELETE FROM waveform_blocks
WHERE group_id = %(group_id)s AND start_us = ANY(%(starts_us)s::bigint[])

-- name: delete_tail
DELETE FROM waveform_tail
WHERE group_id = %(group_id)s AND start_sample = ANY(%(starts)s::bigint[])

-- name: insert_blocks
INSERT INTO waveform_blocks (group_id, n_samples, start_us, start_sample, codec, envelope, payload)
SELECT %(group_id)s, * FROM unnest(%(n_samples)s::integer[], %(starts_us)s::bigint[], %(starts)s::bigint[],
                                   %(codecs)s::smallint[], %(envelopes)b::bytea[], %(payloads)b::bytea[])

-- name: insert_tail
INSERT INTO waveform_tail (group_id, start_sample, payload)
SELECT %(group_id)s, * FROM unnest(%(starts)s::bigint[], %(payloads)b::bytea[])

-- name: advance
UPDATE channel_groups
SET first_sample = %(first_sample)s, next_sample = %(next_sample)s, n_stored = %(n_stored)s,
    sealed = %(sealed)s, updated_us = now_us()
WHERE id = %(group_id)s

-- name: reopen_stream
UPDATE streams SET ended_us = NULL WHERE id = %(stream_id)s AND ended_us IS NOT NULL

-- name: set_sealed
UPDATE channel_groups SET sealed = true WHERE id = %(group_id)s

-- name: read_cells
SELECT start_sample, n_samples, codec, payload FROM waveform_blocks
WHERE group_id = %(group_id)s AND start_us >= %(start_us)s AND start_us < %(end_us)s
  AND start_sample / %(cell_samples)s = ANY(%(cells)s::bigint[])

-- name: open_tails
SELECT t.group_id, t.start_sample, t.payload
FROM unnest(%(ids)s::integer[], %(starts)s::bigint[]) AS n (id, start_sample)
JOIN waveform_tail t ON t.group_id = n.id AND t.start_sample >= n.start_sample
ORDER BY 1, 2
