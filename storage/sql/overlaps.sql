-- Decided spans of exclusive layers: which overlap, cutting them, and taking cuts back.

-- name: lock_stream
SELECT pg_advisory_xact_lock(7245, %(stream_id)s)

-- name: decided
-- As `spans_between` one index range a length class: a span that overlaps may have begun at most the class's length
-- before. (Joined with a table of classes it reads all that began before.) What is empty covers no moment.
SELECT id, start_us, end_us FROM (
SELECT * FROM annotations WHERE stream_id = %(stream_id)s AND length_class = 0
   AND start_us >= %(start_us)s - 10000000 AND start_us < %(end_us)s AND kind IN ('rhythm', 'event', 'quality')
UNION ALL
SELECT * FROM annotations WHERE stream_id = %(stream_id)s AND length_class = 1
   AND start_us >= %(start_us)s - 300000000 AND start_us < %(end_us)s AND kind IN ('rhythm', 'event', 'quality')
UNION ALL
SELECT * FROM annotations WHERE stream_id = %(stream_id)s AND length_class = 2
   AND start_us >= %(start_us)s - 10800000000 AND start_us < %(end_us)s AND kind IN ('rhythm', 'event', 'quality')
UNION ALL
SELECT * FROM annotations WHERE stream_id = %(stream_id)s AND length_class = 3
   AND start_us < %(end_us)s AND kind IN ('rhythm', 'event', 'quality')
) a
WHERE a.label = ANY(%(labels)s::text[]) AND a.group_id = %(group_id)s AND a.channel IS NOT DISTINCT FROM %(channel)s::text
  AND a.status IN ('confirmed', 'corrected') AND NOT a.deleted AND a.end_us > %(start_us)s AND a.end_us > a.start_us
ORDER BY a.start_us, a.id

-- name: change
-- Other bounds, or deleted or not, for many rows; what else they say stays, also that their signal changed since.
WITH changed AS (
    UPDATE annotations a
    SET start_us = d.start_us, end_us = d.end_us, deleted = d.deleted, revision = a.revision + 1,
        updated_us = now_us(), updated_by = %(login)s
    FROM (
        SELECT b.id, n.start_us, n.end_us, n.deleted, n.split_from, annotation_state(b) AS state
        FROM unnest(%(ids)s::uuid[], %(starts_us)s::bigint[], %(ends_us)s::bigint[], %(deleted)s::boolean[],
                    %(splits_from)s::uuid[]) AS n (id, start_us, end_us, deleted, split_from)
        JOIN annotations b ON b.id = n.id
    ) d
    WHERE a.id = d.id
    RETURNING a.id, a.revision, d.state, d.split_from
)
INSERT INTO annotation_revisions (annotation_id, revision, action, user_id, login, before, view, cause_id,
                                  cause_revision, split_from)
SELECT id, revision, %(action)s, %(user_id)s, %(login)s, state, %(view)s, %(cause_id)s::uuid,
       %(cause_revision)s::integer, split_from
FROM changed
RETURNING annotation_id, revision

-- name: insert_part
INSERT INTO annotation_revisions (annotation_id, revision, action, user_id, login, cause_id, cause_revision, split_from)
VALUES (%(id)s, 1, 'cut', %(user_id)s, %(login)s, %(cause_id)s, %(cause_revision)s, %(split_from)s)

-- name: mark_part
UPDATE annotations SET signal_changed_us = %(signal_changed_us)s WHERE id = %(id)s

-- name: follows_from
SELECT annotation_id FROM annotation_revisions WHERE cause_id = %(cause_id)s AND cause_revision = %(cause_revision)s

-- name: followed
-- What followed from an act, how each of these rows would stand without it, and whether it still, or again, is as the
-- act left it: machines may have gone on meanwhile.
SELECT r.annotation_id, r.split_from, a.stream_id, a.group_id, a.label, a.channel, a.status,
       coalesce((r.before ->> 'start_us')::bigint, a.start_us), coalesce((r.before ->> 'end_us')::bigint, a.end_us),
       coalesce((r.before ->> 'deleted')::boolean, true),
       a.revision = r.revision OR coalesce(
           annotation_state(a) - '{revision,updated_us,updated_by,ongoing,machine_end_us}'::text[] = (
               SELECT whole_state(n.before) - '{revision,updated_us,updated_by,ongoing,machine_end_us}'::text[]
               FROM annotation_revisions n
               WHERE n.annotation_id = r.annotation_id AND n.revision = r.revision + 1), false)
FROM annotation_revisions r JOIN annotations a ON a.id = r.annotation_id
WHERE r.cause_id = %(cause_id)s AND r.cause_revision = %(cause_revision)s
ORDER BY r.annotation_id
