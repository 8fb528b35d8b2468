-- Who is to read which item.

-- name: undealt
-- What was only imported is read already; what machines say of it is not.
SELECT i.id, i.stream_id FROM reading_items i
WHERE i.project_id = %(project_id)s AND i.n_wanted = 0 AND i.kind = 'item' AND NOT EXISTS (
    SELECT FROM readings r JOIN project_readers w ON w.id = r.reader_id WHERE r.item_id = i.id AND w.kind <> 'machine')
ORDER BY i.id

-- name: readers
-- Persons who may read, and how much each has already.
SELECT w.id, (SELECT count(*) FROM reading_assignments a WHERE a.reader_id = w.id)
FROM project_readers w
JOIN project_members m ON m.project_id = w.project_id AND m.user_id = w.user_id AND m.role = 'reader'
JOIN users u ON u.id = w.user_id AND NOT u.disabled
WHERE w.project_id = %(project_id)s AND w.kind = 'person'

-- name: exclusions
SELECT x.reader_id, x.stream_id FROM reading_exclusions x JOIN project_readers w ON w.id = x.reader_id
WHERE w.project_id = %(project_id)s

-- name: exclude
INSERT INTO reading_exclusions (reader_id, stream_id, reason) VALUES (%(reader_id)s, %(stream_id)s, %(reason)s)
ON CONFLICT DO NOTHING

-- name: deal
INSERT INTO reading_assignments (item_id, reader_id, project_id, priority, place, is_assisted)
SELECT n.item_id, n.reader_id, i.project_id, i.priority, n.item_id, n.is_assisted
FROM unnest(%(items)s::bigint[], %(readers)s::integer[], %(assisted)s::boolean[]) AS n (item_id, reader_id, is_assisted)
JOIN reading_items i ON i.id = n.item_id
ON CONFLICT DO NOTHING

-- name: deal_at
INSERT INTO reading_assignments (item_id, reader_id, project_id, priority, place, is_entrance)
SELECT n.item_id, %(reader_id)s, i.project_id, n.priority, n.place, %(is_entrance)s
FROM unnest(%(items)s::bigint[], %(priorities)s::real[], %(places)s::double precision[]) AS n (item_id, priority, place)
JOIN reading_items i ON i.id = n.item_id
ON CONFLICT DO NOTHING

-- name: waiting_of
SELECT a.item_id, a.priority, a.place FROM reading_assignments a JOIN reading_items i ON i.id = a.item_id
WHERE a.reader_id = %(reader_id)s AND a.state = 'waiting' AND NOT a.is_entrance AND i.kind = 'item'
ORDER BY a.priority DESC, a.place, a.item_id

-- name: want
UPDATE reading_items i SET n_wanted = n.n_wanted
FROM unnest(%(items)s::bigint[], %(wanted)s::smallint[]) AS n (item_id, n_wanted) WHERE i.id = n.item_id

-- name: reader_of
SELECT id, project_id, name, kind, user_id FROM project_readers
WHERE project_id = %(project_id)s AND user_id = %(user_id)s AND kind = 'person'

-- name: mine
SELECT item_id FROM reading_assignments WHERE reader_id = %(reader_id)s AND state = 'claimed' AND NOT is_entrance ORDER BY claimed_us LIMIT 1

-- name: claim
UPDATE reading_assignments SET state = 'claimed', claimed_us = clock_us()
WHERE reader_id = %(reader_id)s AND item_id = (
    SELECT item_id FROM reading_assignments WHERE reader_id = %(reader_id)s AND state = 'waiting' AND NOT is_entrance
    ORDER BY priority DESC, place, item_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING item_id

-- name: claim_later
UPDATE reading_assignments SET state = 'claimed', claimed_us = clock_us()
WHERE reader_id = %(reader_id)s AND item_id = (
    SELECT item_id FROM reading_assignments WHERE reader_id = %(reader_id)s AND state = 'later' AND NOT is_entrance
    ORDER BY claimed_us LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING item_id

-- name: claim_entrance
UPDATE reading_assignments SET state = 'claimed', claimed_us = CASE WHEN state = 'claimed' THEN claimed_us ELSE clock_us() END
WHERE reader_id = %(reader_id)s AND is_entrance AND item_id = (
    SELECT item_id FROM reading_assignments WHERE reader_id = %(reader_id)s AND is_entrance AND state <> 'done'
    ORDER BY state = 'claimed' DESC, state = 'later', place, claimed_us, item_id LIMIT 1)
RETURNING item_id

-- name: claimed
-- How the reader was given it.
SELECT is_assisted, is_entrance FROM reading_assignments WHERE item_id = %(item_id)s AND reader_id = %(reader_id)s

-- name: lock
SELECT state FROM reading_assignments WHERE item_id = %(item_id)s AND reader_id = %(reader_id)s FOR UPDATE

-- name: set_state
UPDATE reading_assignments SET state = %(state)s, claimed_us = clock_us()
WHERE item_id = %(item_id)s AND reader_id = %(reader_id)s

-- name: drop
DELETE FROM reading_assignments WHERE item_id = %(item_id)s AND reader_id = %(reader_id)s

-- name: unfinished
SELECT a.item_id, CASE WHEN i.kind = 'item' THEN i.stream_id END
FROM reading_assignments a JOIN reading_items i ON i.id = a.item_id
WHERE a.reader_id = %(reader_id)s AND a.state <> 'done' ORDER BY a.item_id FOR UPDATE OF a

-- name: readers_of
SELECT item_id, reader_id FROM reading_assignments WHERE item_id = ANY (%(items)s)

-- name: lock_item
SELECT state FROM reading_items WHERE id = %(item_id)s FOR UPDATE

-- name: left
SELECT count(*) FROM reading_assignments WHERE item_id = %(item_id)s AND state <> 'done'

-- name: close
UPDATE reading_items SET state = %(state)s, why = %(why)s,
       closed_us = CASE WHEN %(state)s = 'closed' THEN now_us() END
WHERE id = %(item_id)s

-- name: readings_of
SELECT w.id, w.name, w.kind, r.answer, r.starts_us, r.ends_us, r.names, r.codes
FROM readings r JOIN project_readers w ON w.id = r.reader_id
WHERE r.item_id = %(item_id)s AND w.kind = 'person' ORDER BY w.id

-- name: disputed
-- Nobody decides what they have read themselves.
SELECT i.id, i.project_id, i.stream_id, i.start_us, i.end_us, i.why FROM reading_items i
WHERE i.project_id = %(project_id)s AND i.state = 'disputed'
  AND NOT EXISTS (SELECT FROM readings r JOIN project_readers w ON w.id = r.reader_id
                  WHERE r.item_id = i.id AND w.user_id = %(user_id)s::integer)
ORDER BY i.priority DESC, i.id LIMIT %(limit)s

-- name: has_unread
SELECT EXISTS (SELECT FROM reading_assignments a JOIN project_readers w ON w.id = a.reader_id
               WHERE w.project_id = %(project_id)s AND w.user_id = %(user_id)s AND a.state <> 'done')

-- name: adjudicate
INSERT INTO adjudications (item_id, reading_id, code, reason, user_id, login)
VALUES (%(item_id)s, %(reading_id)s, %(code)s, %(reason)s, %(user_id)s, %(login)s)

-- name: progress
-- Of one reader alone: what others have done is not theirs to see.
SELECT count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state <> 'done'),
       count(*) FILTER (WHERE state = 'later')
FROM reading_assignments WHERE reader_id = %(reader_id)s

-- name: states
SELECT state, count(*) FROM reading_items WHERE project_id = %(project_id)s AND n_wanted > 0 GROUP BY state
