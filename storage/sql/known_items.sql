-- Items whose truth is known, and items that are read again.

-- name: lock
SELECT state, kind, n_wanted FROM reading_items WHERE id = %(item_id)s FOR UPDATE

-- name: make_known
UPDATE reading_items SET kind = %(kind)s, state = 'closed', closed_us = coalesce(closed_us, now_us()) WHERE id = %(item_id)s

-- name: known
-- Of a project, first places alone: a repeat has the truth of its origin.
SELECT i.id, i.stream_id FROM reading_items i
WHERE i.project_id = %(project_id)s AND i.kind = %(kind)s AND i.repeat = 0 ORDER BY i.id

-- name: given
-- Which of some kind a reader has had, or has waiting.
SELECT coalesce(i.origin_id, i.id), a.state FROM reading_assignments a JOIN reading_items i ON i.id = a.item_id
WHERE a.reader_id = %(reader_id)s AND i.kind = %(kind)s

-- name: add_repeats
INSERT INTO reading_items (project_id, stream_id, start_us, end_us, priority, state, closed_us, kind, repeat, origin_id)
SELECT o.project_id, o.stream_id, o.start_us, o.end_us, o.priority, %(state)s,
       CASE WHEN %(state)s = 'closed' THEN now_us() END, %(kind)s,
       1 + (SELECT max(r.repeat) FROM reading_items r
            WHERE r.project_id = o.project_id AND r.stream_id = o.stream_id AND r.start_us = o.start_us AND r.end_us = o.end_us),
       o.id
FROM reading_items o WHERE o.id = ANY (%(items)s) ORDER BY o.id
RETURNING origin_id, id

-- name: against_truth
-- What persons said of items whose truth is known, beside the truth; in the order in which they were handed in.
SELECT r.reader_id, w.name, r.id, i.id, i.kind, i.stream_id, i.start_us, i.end_us, r.submitted_us,
       r.answer, r.starts_us, r.ends_us, r.names, r.codes, t.answer, t.starts_us, t.ends_us, t.names, t.codes
FROM reading_items i
JOIN readings r ON r.item_id = i.id
JOIN project_readers w ON w.id = r.reader_id AND w.kind = 'person'
JOIN project_readers g ON g.project_id = i.project_id AND g.name = %(gold)s AND g.kind = 'consensus'
JOIN readings t ON t.item_id = coalesce(i.origin_id, i.id) AND t.reader_id = g.id AND t.id < r.id
WHERE i.project_id = %(project_id)s AND i.kind = ANY (%(kinds)s)
  AND (%(reader_id)s::integer IS NULL OR r.reader_id = %(reader_id)s)
ORDER BY r.id

-- name: read_again
-- What a person said of one place at two times.
SELECT r.reader_id, w.name, r.id, i.id, i.kind, i.stream_id, i.start_us, i.end_us, r.submitted_us,
       r.answer, r.starts_us, r.ends_us, r.names, r.codes, b.answer, b.starts_us, b.ends_us, b.names, b.codes
FROM reading_items i
JOIN readings r ON r.item_id = i.id
JOIN project_readers w ON w.id = r.reader_id AND w.kind = 'person'
JOIN readings b ON b.item_id = i.origin_id AND b.reader_id = r.reader_id
WHERE i.project_id = %(project_id)s AND i.kind = 'repeat'
  AND (%(reader_id)s::integer IS NULL OR r.reader_id = %(reader_id)s)
ORDER BY r.id

-- name: with_labels
-- Closed items whose consensus names one of some labels, and that are not read again already.
SELECT i.id FROM reading_items i
JOIN readings r ON r.item_id = i.id JOIN project_readers w ON w.id = r.reader_id AND w.kind = 'consensus' AND w.name = %(consensus)s
WHERE i.project_id = %(project_id)s AND i.state = 'closed' AND i.kind = 'item' AND r.names && %(labels)s::text[]
  AND NOT EXISTS (SELECT FROM reading_items o WHERE o.origin_id = i.id AND o.kind = 'item')
ORDER BY i.id

-- name: attempts
SELECT attempt, n_items, n_right, labels, passed, at_us, until_us, until_us > now_us() FROM qualifications
WHERE reader_id = %(reader_id)s ORDER BY attempt

-- name: qualify
INSERT INTO qualifications (reader_id, attempt, n_items, n_right, labels, passed, until_us)
SELECT %(reader_id)s, coalesce(max(attempt), 0) + 1, %(n_items)s, %(n_right)s, %(labels)s, %(passed)s,
       CASE WHEN %(passed)s THEN now_us() + %(days)s * 86400000000::bigint ELSE now_us() END
FROM qualifications WHERE reader_id = %(reader_id)s
RETURNING attempt

-- name: test_left
SELECT count(*) FROM reading_assignments WHERE reader_id = %(reader_id)s AND is_entrance AND state <> 'done'

-- name: lock_reader
SELECT FROM project_readers WHERE id = %(reader_id)s FOR NO KEY UPDATE

-- name: against_consensus
-- What persons said of items that several read, beside what was decided: by an auditor, else by adjudicator or rule.
SELECT r.reader_id, w.name, r.id, i.id, i.kind, i.stream_id, i.start_us, i.end_us, r.submitted_us,
       r.answer, r.starts_us, r.ends_us, r.names, r.codes, t.answer, t.starts_us, t.ends_us, t.names, t.codes,
       coalesce(p.pseudonym, 'stream ' || s.name), coalesce(p.sex, ''), p.birth_year, s.t0_us, d.name, r.is_assisted, r.seconds
FROM reading_items i
JOIN streams s ON s.id = i.stream_id LEFT JOIN patients p ON p.id = s.patient_id JOIN devices d ON d.id = s.device_id
JOIN readings r ON r.item_id = i.id
JOIN project_readers w ON w.id = r.reader_id AND w.kind = 'person'
JOIN LATERAL (SELECT k.* FROM readings k JOIN project_readers n ON n.id = k.reader_id AND n.kind = 'consensus'
              WHERE k.item_id = i.id AND n.name = ANY (%(decided)s)
              ORDER BY array_position(%(decided)s::text[], n.name) LIMIT 1) t ON true
WHERE i.project_id = %(project_id)s AND i.state = 'closed' AND i.kind = 'item' AND i.n_wanted > 1
ORDER BY r.id
