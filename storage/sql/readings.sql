-- What is read in a project, and what each reader said of it.

-- name: ensure_item
INSERT INTO reading_items (project_id, stream_id, start_us, end_us)
VALUES (%(project_id)s, %(stream_id)s, %(start_us)s, %(end_us)s)
ON CONFLICT DO NOTHING

-- name: item_at
SELECT id, project_id, stream_id, start_us, end_us FROM reading_items
WHERE project_id = %(project_id)s AND stream_id = %(stream_id)s AND start_us = %(start_us)s AND end_us = %(end_us)s
  AND repeat = 0

-- name: item
SELECT id, project_id, stream_id, start_us, end_us FROM reading_items WHERE id = %(id)s

-- name: hand_in
INSERT INTO readings (project_id, item_id, reader_id, answer, starts_us, ends_us, names, codes, source, user_id, login,
                      guideline, seconds, is_assisted, view)
VALUES (%(project_id)s, %(item_id)s, %(reader_id)s, %(answer)s, %(starts_us)s, %(ends_us)s, %(names)s, %(codes)s,
        %(source)s, %(user_id)s, %(login)s, %(guideline)s, %(seconds)s, %(is_assisted)s, %(view)s)
ON CONFLICT (item_id, reader_id) DO NOTHING
RETURNING id

-- name: newest
SELECT coalesce(max(id), 0) FROM readings WHERE project_id = %(project_id)s

-- name: of_project
SELECT i.id, i.stream_id, s.name, coalesce(p.pseudonym, 'stream ' || s.name), i.start_us, i.end_us,
       w.name, r.answer, r.starts_us, r.ends_us, r.names, r.codes, r.source, r.guideline, r.seconds, r.is_assisted, r.view,
       d.name, r.submitted_us, coalesce(j.code, u.code, ''), coalesce(j.reason, u.reason, '')
FROM readings r
JOIN reading_items i ON i.id = r.item_id
JOIN streams s ON s.id = i.stream_id
JOIN devices d ON d.id = s.device_id
LEFT JOIN patients p ON p.id = s.patient_id
JOIN project_readers w ON w.id = r.reader_id
LEFT JOIN adjudications j ON j.item_id = r.item_id AND j.reading_id = r.id
LEFT JOIN audits u ON u.item_id = r.item_id AND u.reading_id = r.id
WHERE r.project_id = %(project_id)s AND i.kind IN ('item', 'gold')
ORDER BY i.stream_id, i.start_us, i.id, w.name

-- name: places
SELECT i.id, i.stream_id, s.name, i.start_us, i.end_us
FROM reading_items i JOIN streams s ON s.id = i.stream_id
WHERE i.project_id = %(project_id)s AND i.id = ANY (%(ids)s)

-- name: not_read_by
-- First places that a reader has not read yet.
SELECT i.id, i.project_id, i.stream_id, i.start_us, i.end_us FROM reading_items i
WHERE i.project_id = %(project_id)s AND i.kind IN ('item', 'gold') AND i.repeat = 0
  AND NOT EXISTS (SELECT FROM readings r WHERE r.item_id = i.id AND r.reader_id = %(reader_id)s)
ORDER BY i.id
