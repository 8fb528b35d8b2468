-- What people did to families of beats, one row each; undone it stays, marked so.

-- name: take_turns
-- Numbers and changes of a group are counted one after the other, in the order in which they are committed.
SELECT pg_advisory_xact_lock(7245, %(group_id)s)

-- name: add
INSERT INTO family_edits (id, stream_id, group_id, number, action, first_sample, end_sample, n_given, n_beats, samples,
                          part_lengths, seen_end, user_id, login, view, change)
SELECT %(edit_id)s, %(stream_id)s, %(group_id)s, coalesce(max(number), 0) + 1, %(action)s, %(first_sample)s,
       %(end_sample)s, %(n_given)s, %(n_beats)s, %(samples)s, %(part_lengths)s, %(seen_end)s, %(user_id)s, %(login)s,
       %(view)s, coalesce(max(change), 0) + 1
FROM family_edits WHERE group_id = %(group_id)s
ON CONFLICT (id) DO NOTHING

-- name: record
INSERT INTO family_edit_steps (edit_id, action, user_id, login)
VALUES (%(edit_id)s, %(action)s, %(user_id)s, %(login)s)

-- name: get
SELECT id, stream_id, group_id, number, action, first_sample, end_sample, n_given, n_beats, user_id, login, at_us,
       view, updated_us, undone_us, undone_by
FROM family_edits WHERE id = %(edit_id)s

-- name: history
SELECT id, stream_id, group_id, number, action, first_sample, end_sample, n_given, n_beats, user_id, login, at_us,
       view, updated_us, undone_us, undone_by
FROM family_edits
WHERE group_id = %(group_id)s AND (%(before)s::integer IS NULL OR number < %(before)s::integer)
ORDER BY number DESC LIMIT %(limit)s

-- name: newest_change
SELECT coalesce(max(change), 0) FROM family_edits WHERE group_id = %(group_id)s

-- name: standing
SELECT number, action, samples, part_lengths, seen_end
FROM family_edits WHERE group_id = %(group_id)s AND undone_us IS NULL ORDER BY number

-- name: step
UPDATE family_edits
SET updated_us = now_us(), undone_us = CASE WHEN %(is_redo)s THEN NULL ELSE now_us() END,
    undone_by = CASE WHEN %(is_redo)s THEN NULL ELSE %(login)s END,
    change = (SELECT max(change) + 1 FROM family_edits WHERE group_id = %(group_id)s)
WHERE id = %(edit_id)s AND (undone_us IS NULL) <> %(is_redo)s
