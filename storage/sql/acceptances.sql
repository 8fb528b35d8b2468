-- Proposals of a stream's range accepted at once; what becomes of each says `acceptance_fate`. Undo and redo are those of
-- every bulk edit. A span that reaches beyond the range was not seen whole: it does not lie in it.

-- name: begin
INSERT INTO bulk_edits (target, id, stream_id, action, label, include_reviewed, start_us, end_us, min_confidence,
                        include_emergent, n_given, user_id, login, view)
VALUES ('proposals', %(bulk_id)s, %(stream_id)s, 'confirm', %(label)s, false, %(start_us)s, %(end_us)s,
        %(min_confidence)s, %(include_emergent)s, 0, %(user_id)s, %(login)s, %(view)s)
ON CONFLICT (id) DO NOTHING

-- name: count
UPDATE bulk_edits SET n_given = %(n_given)s, n_changed = %(n_changed)s, n_emergent = %(n_emergent)s,
                      n_unsure = %(n_unsure)s, n_ongoing = %(n_ongoing)s, n_overlapping = %(n_overlapping)s
WHERE id = %(bulk_id)s

-- name: get
SELECT id, stream_id, label, start_us, end_us, min_confidence, include_emergent, n_given, n_changed, n_emergent, n_unsure,
       n_ongoing, n_overlapping, user_id, login, at_us, view, updated_us, undone_us, undone_by, n_changed_since
FROM bulk_edits WHERE id = %(bulk_id)s AND target = 'proposals'

-- name: history
SELECT id, stream_id, label, start_us, end_us, min_confidence, include_emergent, n_given, n_changed, n_emergent, n_unsure,
       n_ongoing, n_overlapping, user_id, login, at_us, view, updated_us, undone_us, undone_by, n_changed_since
FROM bulk_edits
WHERE stream_id = %(stream_id)s AND target = 'proposals'
  AND (%(before_us)s::bigint IS NULL OR (at_us, id) < (%(before_us)s::bigint, %(before_id)s::uuid))
ORDER BY at_us DESC, id DESC LIMIT %(limit)s

-- name: preview
-- Of every label, so that a page can offer them.
SELECT label, acceptance_fate(a, %(min_confidence)s::real, %(include_emergent)s) AS fate, count(*)
FROM annotations a
WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
  AND stream_id = %(stream_id)s AND start_us >= %(start_us)s AND start_us < %(end_us)s AND end_us <= %(end_us)s
GROUP BY 1, 2 ORDER BY 1, 2

-- name: take
-- Locked in one order for all, that in which workers write proposals; what was decided meanwhile is not among them.
SELECT id, revision, acceptance_fate(a, %(min_confidence)s::real, %(include_emergent)s)
FROM annotations a
WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
  AND stream_id = %(stream_id)s AND start_us >= %(start_us)s AND start_us < %(end_us)s AND end_us <= %(end_us)s
  AND (%(label)s::text IS NULL OR label = %(label)s::text)
ORDER BY id LIMIT %(at_most)s::bigint + 1 FOR NO KEY UPDATE

-- name: claiming
-- What would be accepted of labels that exclude each other, the surest first.
SELECT id, group_id, label, channel, start_us, end_us
FROM annotations a
WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality') AND label = ANY(%(labels)s::text[])
  AND stream_id = %(stream_id)s AND start_us >= %(start_us)s AND start_us < %(end_us)s AND end_us <= %(end_us)s
  AND (%(label)s::text IS NULL OR label = %(label)s::text)
  AND acceptance_fate(a, %(min_confidence)s::real, %(include_emergent)s) = 'accepted'
ORDER BY coalesce(confidence, 0) DESC, start_us, id LIMIT %(at_most)s::bigint + 1

-- name: undone
-- What an acceptance that was undone would decide again.
SELECT id, group_id, label, channel, start_us, end_us
FROM annotations a
WHERE status = 'proposed' AND NOT deleted AND label = ANY(%(labels)s::text[])
  AND id IN (SELECT annotation_id FROM annotation_revisions WHERE bulk_id = %(bulk_id)s)
ORDER BY coalesce(confidence, 0) DESC, start_us, id
