-- Spans, events and touched beats, and what people did to them.

-- name: propose
INSERT INTO annotations (id, stream_id, group_id, kind, label, channel, start_us, end_us, urgency, status, confidence,
                         figures, note, author_kind, author_name, author_version, run_id, ongoing, machine_end_us,
                         updated_by)
SELECT n.id, n.stream_id, n.group_id, n.kind, n.label, n.channel, n.start_us, n.end_us, n.urgency, 'proposed',
       n.confidence, n.figures, n.note, 'machine', n.author_name, n.author_version, n.run_id, n.ongoing, n.end_us,
       n.author_name
FROM unnest(%(ids)s::uuid[], %(stream_ids)s::integer[], %(group_ids)s::integer[], %(run_ids)s::integer[],
            %(kinds)s::text[], %(labels)s::text[], %(channels)s::text[], %(starts_us)s::bigint[],
            %(ends_us)s::bigint[], %(urgencies)s::smallint[], %(confidences)s::real[], %(figures)s::jsonb[],
            %(notes)s::text[], %(author_names)s::text[], %(author_versions)s::text[], %(ongoing)s::boolean[])
     AS n (id, stream_id, group_id, run_id, kind, label, channel, start_us, end_us, urgency, confidence, figures, note,
           author_name, author_version, ongoing)
ON CONFLICT (id) DO UPDATE SET
    machine_end_us = excluded.machine_end_us,
    ongoing        = excluded.ongoing,
    end_us         = CASE WHEN annotations.revision = 0 THEN excluded.end_us ELSE annotations.end_us END,
    confidence     = CASE WHEN annotations.revision = 0 THEN excluded.confidence ELSE annotations.confidence END,
    figures        = CASE WHEN annotations.revision = 0 THEN excluded.figures ELSE annotations.figures END,
    note           = CASE WHEN annotations.revision = 0 THEN excluded.note ELSE annotations.note END,
    updated_us     = CASE WHEN annotations.revision = 0 THEN now_us() ELSE annotations.updated_us END
-- a replay says older, shorter things again: they are not news
WHERE annotations.ongoing AND (
    NOT excluded.ongoing OR excluded.machine_end_us > annotations.machine_end_us
    OR (excluded.machine_end_us = annotations.machine_end_us AND annotations.revision = 0
        AND (excluded.figures, excluded.note) IS DISTINCT FROM (annotations.figures, annotations.note)))

-- name: mark_changed
-- Spans and beats are found by indexes of their own.
WITH n AS (
    SELECT * FROM unnest(%(stream_ids)s::integer[], %(group_ids)s::integer[], %(starts_us)s::bigint[],
                         %(ends_us)s::bigint[]) AS n (stream_id, group_id, start_us, end_us)
), due AS (
    SELECT a.id FROM n JOIN annotations a ON a.stream_id = n.stream_id AND a.group_id = n.group_id
    WHERE a.kind IN ('rhythm', 'event', 'quality')
      AND a.start_us < n.end_us AND greatest(a.end_us, a.start_us + 1) > n.start_us
    UNION ALL
    SELECT a.id FROM n JOIN annotations a ON a.stream_id = n.stream_id AND a.group_id = n.group_id
    WHERE a.kind IN ('beat', 'pulse') AND a.start_us >= n.start_us AND a.start_us < n.end_us
)
UPDATE annotations a SET signal_changed_us = now_us() FROM due WHERE a.id = due.id

-- name: spans_between
-- One index range a length class: a span that overlaps may have begun at most the class's length before. The stream's
-- name is looked up once, not a row.
SELECT a.*, s.name AS stream_name FROM (
SELECT * FROM annotations WHERE stream_id = %(stream_id)s AND length_class = 0
   AND start_us >= %(start_us)s - 10000000 AND start_us < %(end_us)s
   AND greatest(end_us, start_us + 1) > %(start_us)s
   AND status = ANY(%(statuses)s::text[])
   AND (%(deleted)s OR NOT deleted) AND kind IN ('rhythm', 'event', 'quality')
UNION ALL
SELECT * FROM annotations WHERE stream_id = %(stream_id)s AND length_class = 1
   AND start_us >= %(start_us)s - 300000000 AND start_us < %(end_us)s AND end_us > %(start_us)s
   AND status = ANY(%(statuses)s::text[])
   AND (%(deleted)s OR NOT deleted) AND kind IN ('rhythm', 'event', 'quality')
UNION ALL
SELECT * FROM annotations WHERE stream_id = %(stream_id)s AND length_class = 2
   AND start_us >= %(start_us)s - 10800000000 AND start_us < %(end_us)s AND end_us > %(start_us)s
   AND status = ANY(%(statuses)s::text[])
   AND (%(deleted)s OR NOT deleted) AND kind IN ('rhythm', 'event', 'quality')
UNION ALL
SELECT * FROM annotations WHERE stream_id = %(stream_id)s AND length_class = 3
   AND start_us < %(end_us)s AND end_us > %(start_us)s
   AND status = ANY(%(statuses)s::text[])
   AND (%(deleted)s OR NOT deleted) AND kind IN ('rhythm', 'event', 'quality')
) a, streams s WHERE s.id = %(stream_id)s
   AND (%(after_id)s::uuid IS NULL
        OR (a.start_us, a.end_us, a.id) > (%(after_start_us)s::bigint, %(after_end_us)s::bigint, %(after_id)s::uuid))
ORDER BY a.start_us, a.end_us, a.id LIMIT %(limit)s::bigint

-- name: queue_urgency
-- Proposals, and decisions whose signal changed since: two index ranges, each cut at the limit.
SELECT * FROM (
    (SELECT * FROM annotation_states
     WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY urgency DESC, start_us, id LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM annotation_states
     WHERE signal_changed_us IS NOT NULL AND status IN ('confirmed', 'corrected', 'rejected', 'ambiguous') AND NOT deleted
       AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY urgency DESC, start_us, id LIMIT %(limit)s)
) waiting
ORDER BY urgency DESC, status <> 'proposed', start_us, id LIMIT %(limit)s OFFSET %(offset)s

-- name: queue_newest
-- Proposals alone: what machines have said of late.
SELECT * FROM annotation_states
WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
  AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
ORDER BY urgency DESC, start_us DESC, id LIMIT %(limit)s OFFSET %(offset)s

-- name: queue_time
SELECT * FROM (
    (SELECT * FROM annotation_states
     WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY start_us, id LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM annotation_states
     WHERE signal_changed_us IS NOT NULL AND status IN ('confirmed', 'corrected', 'rejected', 'ambiguous') AND NOT deleted
       AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY start_us, id LIMIT %(limit)s)
) waiting
ORDER BY start_us, id LIMIT %(limit)s OFFSET %(offset)s

-- name: queue_label
SELECT * FROM (
    (SELECT * FROM annotation_states
     WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY label, urgency DESC, start_us, id LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM annotation_states
     WHERE signal_changed_us IS NOT NULL AND status IN ('confirmed', 'corrected', 'rejected', 'ambiguous') AND NOT deleted
       AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY label, urgency DESC, start_us, id LIMIT %(limit)s)
) waiting
ORDER BY label, urgency DESC, start_us, id LIMIT %(limit)s OFFSET %(offset)s

-- name: queue_risk
-- What it would cost to leave a mistake: urgency, weighed by how unsure the machine was.
SELECT * FROM (
    (SELECT * FROM annotation_states
     WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY (urgency + 1) * (1.5 - coalesce(confidence, 0.5)) DESC, start_us, id LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM annotation_states
     WHERE signal_changed_us IS NOT NULL AND status IN ('confirmed', 'corrected', 'rejected', 'ambiguous') AND NOT deleted
       AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY (urgency + 1) * (1.5 - coalesce(confidence, 0.5)) DESC, start_us, id LIMIT %(limit)s)
) waiting
ORDER BY (urgency + 1) * (1.5 - coalesce(confidence, 0.5)) DESC, start_us, id LIMIT %(limit)s OFFSET %(offset)s

-- name: queue_uncertainty
-- What the machine was least sure of; without a word on that it was not sure at all.
SELECT * FROM (
    (SELECT * FROM annotation_states
     WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY coalesce(confidence, 0), urgency DESC, start_us, id LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM annotation_states
     WHERE signal_changed_us IS NOT NULL AND status IN ('confirmed', 'corrected', 'rejected', 'ambiguous') AND NOT deleted
       AND kind IN ('rhythm', 'event', 'quality')
       AND (%(stream_id)s::integer IS NULL OR stream_id = %(stream_id)s::integer)
     ORDER BY coalesce(confidence, 0), urgency DESC, start_us, id LIMIT %(limit)s)
) waiting
ORDER BY coalesce(confidence, 0), urgency DESC, start_us, id LIMIT %(limit)s OFFSET %(offset)s

-- name: get
SELECT * FROM annotation_states WHERE id = %(id)s

-- name: get_many
SELECT * FROM annotation_states WHERE id = ANY(%(ids)s::uuid[])

-- name: lock
-- Of a span of an exclusive layer, or one that may become one, first the stream (see `storage.overlaps`): always in this
-- order, so that an act that waits holds no row that another wants to cut. Then the row as it is by then.
WITH layer AS MATERIALIZED (
    SELECT id, pg_advisory_xact_lock(7245, stream_id) FROM annotations
    WHERE id = %(id)s AND kind IN ('rhythm', 'event', 'quality') AND (kind <> 'event' OR %(may_be_exclusive)s)
)
SELECT a.revision FROM annotations a LEFT JOIN layer l ON l.id = a.id WHERE a.id = %(id)s FOR NO KEY UPDATE OF a

-- name: group_extent
SELECT g.stream_id, g.fs_hz, g.t0_us, g.first_sample, g.next_sample,
       ARRAY(SELECT name FROM signals WHERE group_id = g.id ORDER BY position)
FROM channel_groups g WHERE g.id = %(group_id)s

-- name: insert_human
INSERT INTO annotations (id, stream_id, group_id, kind, label, channel, start_us, end_us, urgency, status, revision,
                         author_kind, author_name, note, severity, certainty, evidence, updated_by)
VALUES (coalesce(%(id)s, gen_random_uuid()), %(stream_id)s, %(group_id)s, %(kind)s, %(label)s, %(channel)s,
        %(start_us)s, %(end_us)s, %(urgency)s, 'confirmed', 1, 'human', %(login)s, %(note)s, %(severity)s,
        %(certainty)s, %(evidence)s::uuid[], %(login)s)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: update
UPDATE annotations
SET kind = %(kind)s, label = %(label)s, channel = %(channel)s, start_us = %(start_us)s, end_us = %(end_us)s,
    urgency = %(urgency)s, status = %(status)s, deleted = %(deleted)s, note = %(note)s, severity = %(severity)s,
    certainty = %(certainty)s, evidence = %(evidence)s::uuid[], revision = %(revision)s,
    updated_us = now_us(), updated_by = %(login)s, signal_changed_us = NULL
WHERE id = %(id)s

-- name: insert_revision
INSERT INTO annotation_revisions (annotation_id, revision, action, user_id, login, before, view)
VALUES (%(id)s, %(revision)s, %(action)s, %(user_id)s, %(login)s, %(before)s, %(view)s)

-- name: history
-- What was on the screen during a bulk edit stands there once.
SELECT r.annotation_id, r.revision, r.action, r.user_id, r.login, r.at_us, whole_state(r.before),
       coalesce(b.view, r.view), r.bulk_id, r.cause_id, r.cause_revision, c.action, r.split_from
FROM annotation_revisions r LEFT JOIN bulk_edits b ON b.id = r.bulk_id AND r.action NOT IN ('undo', 'redo')
LEFT JOIN annotation_revisions c ON c.annotation_id = r.cause_id AND c.revision = r.cause_revision
WHERE r.annotation_id = %(id)s AND r.revision > %(after)s ORDER BY r.revision LIMIT %(limit)s::bigint
