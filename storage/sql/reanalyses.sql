-- Reading stored streams again: how far, and what becomes of what older versions said.

-- name: begin
INSERT INTO reanalyses (group_id, detector, version, next_sample, state)
VALUES (%(group_id)s, %(detector)s, %(version)s, %(next_sample)s, %(state)s)
ON CONFLICT (group_id, detector, version) DO NOTHING

-- name: load
SELECT next_sample, state, is_done, n_beats, n_proposed, n_withdrawn, n_answered FROM reanalyses
WHERE group_id = %(group_id)s AND detector = %(detector)s AND version = %(version)s

-- name: claim
SELECT next_sample FROM reanalyses
WHERE group_id = %(group_id)s AND detector = %(detector)s AND version = %(version)s FOR NO KEY UPDATE

-- name: save
UPDATE reanalyses
SET next_sample = %(next_sample)s, state = %(state)s, is_done = %(is_done)s, n_beats = %(n_beats)s,
    n_proposed = %(n_proposed)s, n_withdrawn = %(n_withdrawn)s, n_answered = %(n_answered)s, updated_us = now_us()
WHERE group_id = %(group_id)s AND detector = %(detector)s AND version = %(version)s

-- name: forget
DELETE FROM reanalyses WHERE group_id = %(group_id)s AND detector = %(detector)s AND version = %(version)s

-- name: cover_cells
-- Of one detector's runs the newest that has a row speaks for a cell: a run that found nothing there must say so.
INSERT INTO beat_blocks (run_id, cell, samples, numbers, confidences)
SELECT DISTINCT n.id, b.cell, '{}'::bigint[], '{}'::smallint[], '{}'::real[]
FROM detector_runs n
JOIN detector_runs o ON o.group_id = n.group_id AND o.name = n.name AND o.id < n.id
JOIN beat_blocks b ON b.run_id = o.id
WHERE n.id = %(run_id)s AND b.cell >= %(first_cell)s AND b.cell < %(end_cell)s
ON CONFLICT (run_id, cell) DO NOTHING

-- name: withdraw
UPDATE annotations a SET status = 'withdrawn', superseded_by = n.id, updated_us = now_us()
FROM detector_runs n
JOIN detector_runs o ON o.group_id = n.group_id AND o.name = n.name AND o.version <> n.version AND o.id < n.id
WHERE n.id = %(run_id)s AND a.run_id = o.id AND a.group_id = n.group_id AND a.stream_id = %(stream_id)s
  AND a.status = 'proposed' AND a.revision = 0 AND NOT a.deleted AND a.kind IN ('rhythm', 'event', 'quality')
  AND (%(until_us)s::bigint IS NULL
       OR (a.start_us <= %(until_us)s::bigint AND a.end_us <= %(until_us)s::bigint AND NOT a.ongoing))

-- name: link_answered
-- The same question: the label that the machine gave or a person settled on, and bounds (the machine's or the person's)
-- that share half of what they cover together. 225 ms on each side make that, for two points, EC57's 150 ms.
UPDATE annotations a
SET answered_by = f.answer, status = CASE WHEN f.answer IS NULL THEN 'proposed' ELSE 'withdrawn' END
FROM (
    SELECT n.id, (
        SELECT d.id FROM annotations d
        LEFT JOIN annotation_revisions r ON r.annotation_id = d.id AND r.revision = 1
        CROSS JOIN LATERAL (
            VALUES (d.start_us, d.end_us),
                   ((r.before ->> 'start_us')::bigint, coalesce(d.machine_end_us, (r.before ->> 'end_us')::bigint))
        ) AS s (start_us, end_us)
        WHERE s.start_us IS NOT NULL AND d.group_id = n.group_id AND d.revision > 0 AND d.kind IN ('rhythm', 'event', 'quality')
          -- what shares half begins at most one length away, less what a person moved
          AND d.start_us < n.end_us + %(moved_us)s AND d.start_us > 2 * n.start_us - n.end_us - %(moved_us)s
          AND (d.author_name, d.author_version) IS DISTINCT FROM (n.author_name, n.author_version)
          AND (d.channel IS NULL OR n.channel IS NULL OR d.channel = n.channel)
          AND n.label IN (d.label, r.before ->> 'label')
          AND least(s.end_us, n.end_us) - greatest(s.start_us, n.start_us) + 2 * %(pad_us)s
              >= %(share)s * (greatest(s.end_us, n.end_us) - least(s.start_us, n.start_us) + 2 * %(pad_us)s)
        ORDER BY d.deleted, d.updated_us DESC, d.id LIMIT 1
    ) AS answer
    FROM annotations n
    WHERE n.id = ANY(%(ids)s::uuid[]) AND n.revision = 0 AND n.superseded_by IS NULL
) f
WHERE a.id = f.id AND a.answered_by IS DISTINCT FROM f.answer
RETURNING a.answered_by IS NOT NULL
