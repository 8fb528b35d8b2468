-- Closed items that somebody looks at once more.

-- name: candidates
-- Closed items that were not drawn yet, and what speaks for looking at them once more.
SELECT i.id, count(r.id), min(r.seconds), EXISTS (SELECT FROM adjudications j WHERE j.item_id = i.id), c.names,
       array_agg(r.reader_id)
FROM reading_items i
JOIN readings r ON r.item_id = i.id
JOIN project_readers w ON w.id = r.reader_id AND w.kind = 'person'
JOIN LATERAL (SELECT k.names FROM readings k JOIN project_readers n ON n.id = k.reader_id
              WHERE k.item_id = i.id AND n.kind = 'consensus' AND n.name = %(consensus)s) c ON true
WHERE i.project_id = %(project_id)s AND i.state = 'closed' AND i.kind = 'item'
  AND NOT EXISTS (SELECT FROM audits a WHERE a.item_id = i.id)
GROUP BY i.id, c.names ORDER BY i.id

-- name: draw
INSERT INTO audits (item_id, project_id, why)
SELECT n.item_id, i.project_id, n.why FROM unnest(%(items)s::bigint[], %(why)s::text[]) AS n (item_id, why)
JOIN reading_items i ON i.id = n.item_id ON CONFLICT DO NOTHING

-- name: waiting
SELECT i.id, i.project_id, i.stream_id, i.start_us, i.end_us, a.why, r.answer, r.starts_us, r.ends_us, r.names, r.codes
FROM audits a JOIN reading_items i ON i.id = a.item_id
JOIN readings r ON r.item_id = i.id JOIN project_readers w ON w.id = r.reader_id AND w.kind = 'consensus' AND w.name = %(consensus)s
WHERE a.project_id = %(project_id)s AND a.verdict IS NULL
  AND NOT EXISTS (SELECT FROM readings o JOIN project_readers p ON p.id = o.reader_id
                  WHERE o.item_id = i.id AND p.user_id = %(user_id)s::integer)
  AND NOT EXISTS (SELECT FROM adjudications j WHERE j.item_id = i.id AND j.user_id = %(user_id)s::integer)
ORDER BY i.priority DESC, i.id LIMIT %(limit)s

-- name: lock
SELECT verdict, why FROM audits WHERE item_id = %(item_id)s FOR UPDATE

-- name: decide
UPDATE audits SET verdict = %(verdict)s, reading_id = %(reading_id)s, code = %(code)s, reason = %(reason)s,
       user_id = %(user_id)s, login = %(login)s, at_us = now_us()
WHERE item_id = %(item_id)s

-- name: counts
SELECT count(*), count(verdict), count(*) FILTER (WHERE verdict = 'overturned') FROM audits WHERE project_id = %(project_id)s

-- name: counts_of_readers
-- What each person read of what was audited, and how much of it was overturned.
SELECT w.name, count(*), count(*) FILTER (WHERE a.verdict = 'overturned')
FROM audits a JOIN readings r ON r.item_id = a.item_id JOIN project_readers w ON w.id = r.reader_id AND w.kind = 'person'
WHERE a.project_id = %(project_id)s AND a.verdict IS NOT NULL GROUP BY w.name ORDER BY w.name

-- name: read_or_judged
SELECT EXISTS (SELECT FROM readings o JOIN project_readers p ON p.id = o.reader_id
               WHERE o.item_id = %(item_id)s AND p.user_id = %(user_id)s)
    OR EXISTS (SELECT FROM adjudications j WHERE j.item_id = %(item_id)s AND j.user_id = %(user_id)s)

-- name: open_points
-- Items that nobody was given count where people read: a project may be a cohort alone.
SELECT (SELECT count(*) FROM reading_items WHERE project_id = %(project_id)s AND state = 'disputed'),
       (SELECT count(*) FROM reading_items WHERE project_id = %(project_id)s AND state = 'open' AND n_wanted > 0),
       (SELECT count(*) FROM audits WHERE project_id = %(project_id)s AND verdict IS NULL),
       (SELECT count(*) FROM reading_items i WHERE i.project_id = %(project_id)s AND i.kind = 'item' AND i.n_wanted = 0
          AND EXISTS (SELECT FROM project_readers p WHERE p.project_id = i.project_id AND p.kind = 'person')
          AND NOT EXISTS (SELECT FROM readings r JOIN project_readers w ON w.id = r.reader_id
                          WHERE r.item_id = i.id AND w.kind <> 'machine'))
