-- What one transaction of a worker writes: each statement once for all channel groups of the batch.

-- name: advance
-- Only rows that stand as the worker believes: fewer mean that somebody else wrote, and nothing may be added. The rows
-- stay locked until the transaction ends, so that two workers on one group take turns.
UPDATE channel_groups g
SET first_sample = n.first_sample, next_sample = n.next_sample, n_stored = g.n_stored + n.n_new, updated_us = now_us()
FROM unnest(%(ids)s::integer[], %(firsts)s::bigint[], %(nexts)s::bigint[], %(n_new)s::bigint[],
            %(known_nexts)s::bigint[], %(known_stored)s::bigint[])
     AS n (id, first_sample, next_sample, n_new, known_next, known_stored)
WHERE g.id = n.id AND g.next_sample = n.known_next AND g.n_stored = n.known_stored AND NOT g.sealed

-- name: reopen_streams
UPDATE streams SET ended_us = NULL WHERE id = ANY(%(stream_ids)s::integer[]) AND ended_us IS NOT NULL

-- name: drop_tails
-- The cells that are complete now. With both ends: by one alone the planner reads the whole table, which after a backlog
-- is mostly rows that are gone.
DELETE FROM waveform_tail t USING unnest(%(ids)s::integer[], %(starts)s::bigint[], %(ends)s::bigint[])
                                  AS n (id, start_sample, end_sample)
WHERE t.group_id = n.id AND t.start_sample >= n.start_sample AND t.start_sample < n.end_sample

-- name: drop_tail_rows
DELETE FROM waveform_tail t USING unnest(%(ids)s::integer[], %(starts)s::bigint[]) AS n (id, start_sample)
WHERE t.group_id = n.id AND t.start_sample = n.start_sample

-- name: save_tail
INSERT INTO waveform_tail (group_id, start_sample, payload)
SELECT * FROM unnest(%(ids)s::integer[], %(starts)s::bigint[], %(payloads)b::bytea[])
ON CONFLICT (group_id, start_sample) DO UPDATE SET payload = excluded.payload

-- name: insert_blocks
INSERT INTO waveform_blocks (group_id, n_samples, start_us, start_sample, codec, envelope, payload)
SELECT * FROM unnest(%(ids)s::integer[], %(n_samples)s::integer[], %(starts_us)s::bigint[], %(starts)s::bigint[],
                     %(codecs)s::smallint[], %(envelopes)b::bytea[], %(payloads)b::bytea[])

-- name: append_beats
-- Beats come in order, so that they usually follow what is there; rows where they do not are left, and counted.
INSERT INTO beat_blocks AS b (run_id, cell, samples, numbers, confidences)
SELECT run_id, cell, array_agg(sample ORDER BY sample), array_agg(number ORDER BY sample),
       array_agg(confidence ORDER BY sample)
FROM unnest(%(run_ids)s::integer[], %(cells)s::bigint[], %(samples)s::bigint[], %(numbers)s::smallint[],
            %(confidences)s::real[]) AS n (run_id, cell, sample, number, confidence)
GROUP BY run_id, cell ORDER BY run_id, cell
ON CONFLICT (run_id, cell) DO UPDATE
SET samples = b.samples || excluded.samples, numbers = b.numbers || excluded.numbers,
    confidences = b.confidences || excluded.confidences
WHERE b.samples[cardinality(b.samples)] < excluded.samples[1]

-- name: save_timelines
-- A worker that brought nothing new may be one that was replaced since: what it knows is older than what is there.
INSERT INTO timelines AS t (group_id, state, n_restarts, offset_ms, drift_ppm, sample_drift_ppm)
SELECT n.id, n.state, n.n_restarts, n.offset_ms, n.drift_ppm, n.sample_drift_ppm
FROM unnest(%(ids)s::integer[], %(nexts)s::bigint[], %(states)s::bytea[], %(n_restarts)s::integer[],
            %(offsets_ms)s::float8[], %(drifts_ppm)s::float8[], %(sample_drifts_ppm)s::float8[])
     AS n (id, next_sample, state, n_restarts, offset_ms, drift_ppm, sample_drift_ppm)
JOIN channel_groups g ON g.id = n.id AND g.next_sample = n.next_sample
ON CONFLICT (group_id) DO UPDATE
SET state = excluded.state, n_restarts = excluded.n_restarts, offset_ms = excluded.offset_ms,
    drift_ppm = excluded.drift_ppm, sample_drift_ppm = excluded.sample_drift_ppm, updated_us = excluded.updated_us

-- name: save_checkpoints
INSERT INTO checkpoints (group_id, detector, version, next_sample, state)
SELECT * FROM unnest(%(ids)s::integer[], %(detectors)s::text[], %(versions)s::text[], %(nexts)s::bigint[],
                     %(states)b::bytea[])
ON CONFLICT (group_id, detector) DO UPDATE
SET version = excluded.version, next_sample = excluded.next_sample, state = excluded.state,
    updated_us = excluded.updated_us
-- one who was stopped for a while and does not know yet that others went on must not set them back
WHERE checkpoints.version <> excluded.version OR checkpoints.next_sample <= excluded.next_sample
