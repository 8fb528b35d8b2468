-- Machine beats in arrays, and the beats that people touched or added.

-- name: lock_run
-- Two who add beats to one cell take turns, also while the cell has no row that could be locked.
SELECT id FROM detector_runs WHERE id = %(run_id)s FOR NO KEY UPDATE

-- name: cells
SELECT cell, samples, numbers, confidences FROM beat_blocks
WHERE run_id = %(run_id)s AND cell = ANY(%(cells)s::bigint[]) ORDER BY cell

-- name: save_cell
INSERT INTO beat_blocks (run_id, cell, samples, numbers, confidences)
VALUES (%(run_id)s, %(cell)s, %(samples)s::bigint[], %(numbers)s::smallint[], %(confidences)s::real[])
ON CONFLICT (run_id, cell) DO UPDATE
SET samples = excluded.samples, numbers = excluded.numbers, confidences = excluded.confidences

-- name: read_machine
-- Of the versions of one detector the newest run that has beats in a cell speaks for the cell.
SELECT run_id, samples, numbers, confidences FROM (
    SELECT DISTINCT ON (r.name, b.cell) b.run_id, b.cell, b.samples, b.numbers, b.confidences
    FROM detector_runs r JOIN beat_blocks b ON b.run_id = r.id
    WHERE r.group_id = %(group_id)s AND b.cell >= %(first_cell)s AND b.cell <= %(last_cell)s
      AND (%(run_id)s::integer IS NULL OR r.id = %(run_id)s::integer)
    ORDER BY r.name, b.cell, b.run_id DESC
) newest ORDER BY cell, run_id

-- name: read_touched
SELECT id, label, start_us, status, deleted, confidence, run_id, origin_sample, kind, created_us FROM annotations
WHERE group_id = %(group_id)s AND kind IN ('beat', 'pulse') AND start_us >= %(start_us)s AND start_us <= %(end_us)s
UNION ALL
SELECT id, label, start_us, status, deleted, confidence, run_id, origin_sample, kind, created_us FROM annotations
WHERE group_id = %(group_id)s AND origin_sample >= %(start)s AND origin_sample < %(end)s
  AND NOT (kind IN ('beat', 'pulse') AND start_us >= %(start_us)s AND start_us <= %(end_us)s)
ORDER BY start_us, id

-- name: n_decided
-- Those that stand within, and those of the machine that stood within and were moved away.
SELECT count(*) FROM (
    SELECT id FROM annotations
    WHERE group_id = %(group_id)s AND kind IN ('beat', 'pulse') AND start_us >= %(start_us)s AND start_us < %(end_us)s
      AND (deleted OR status <> 'proposed')
    UNION
    SELECT id FROM annotations
    WHERE group_id = %(group_id)s AND origin_sample >= %(start)s AND origin_sample < %(end)s
      AND (deleted OR status <> 'proposed')
) decided

-- name: find_beat
SELECT u.number, u.confidence
FROM beat_blocks b, unnest(b.samples, b.numbers, b.confidences) AS u (sample, number, confidence)
WHERE b.run_id = %(run_id)s AND b.cell = %(cell)s AND u.sample = %(sample)s

-- name: insert_touched_beat
INSERT INTO annotations (id, stream_id, group_id, kind, label, start_us, end_us, urgency, status, confidence,
                         author_kind, author_name, author_version, run_id, origin_sample, machine_end_us, updated_by)
SELECT %(id)s, %(stream_id)s, %(group_id)s, %(kind)s, %(label)s, %(start_us)s, %(start_us)s, %(urgency)s, 'proposed',
       %(confidence)s, 'machine', name, version, id, %(sample)s, %(start_us)s, name
FROM detector_runs WHERE id = %(run_id)s
ON CONFLICT (id) DO NOTHING

-- name: run_annotator
SELECT name, version FROM detector_runs WHERE id = %(run_id)s AND group_id = %(group_id)s
