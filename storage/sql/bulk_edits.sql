-- One thing done to thousands of beats, in a handful of statements. They are planned with their arrays at hand (never
-- prepared): a plan for ten rows joins 20,000 with 20,000 one by one.

-- name: begin
INSERT INTO bulk_edits (id, stream_id, group_id, action, label, include_reviewed, first_sample, end_sample, n_given,
                        user_id, login, view)
VALUES (%(bulk_id)s, %(stream_id)s, %(group_id)s, %(action)s, %(label)s, %(include_reviewed)s, %(first_sample)s,
        %(end_sample)s, %(n_given)s, %(user_id)s, %(login)s, %(view)s)
ON CONFLICT (id) DO NOTHING

-- name: count
UPDATE bulk_edits SET n_changed = %(n_changed)s, n_protected = %(n_protected)s, n_same = %(n_same)s, n_gone = %(n_gone)s
WHERE id = %(bulk_id)s

-- name: get
SELECT id, stream_id, group_id, action, label, include_reviewed, first_sample, end_sample, n_given, n_changed,
       n_protected, n_same, n_gone, user_id, login, at_us, view, updated_us, undone_us, undone_by, n_changed_since
FROM bulk_edits WHERE id = %(bulk_id)s AND target = 'beats'

-- name: make_room
-- Tens of thousands of states of 500 bytes are sorted and joined: in memory, not in files. Until the transaction ends.
SET LOCAL work_mem = '64MB'

-- name: lock
SELECT undone_us IS NOT NULL FROM bulk_edits WHERE id = %(bulk_id)s AND target = %(target)s FOR NO KEY UPDATE

-- name: history
SELECT id, stream_id, group_id, action, label, include_reviewed, first_sample, end_sample, n_given, n_changed,
       n_protected, n_same, n_gone, user_id, login, at_us, view, updated_us, undone_us, undone_by, n_changed_since
FROM bulk_edits
WHERE stream_id = %(stream_id)s AND target = 'beats'
  AND (%(before_us)s::bigint IS NULL OR (at_us, id) < (%(before_us)s::bigint, %(before_id)s::uuid))
ORDER BY at_us DESC, id DESC LIMIT %(limit)s

-- name: edit_machine_beats
-- Beats that nobody touched become rows as the edit leaves them, at revision 1; the revision keeps what the machine said.
WITH said AS (
    SELECT u.id, u.sample, u.start_us, u.confidence, u.run_id, r.name, r.version, l.code, l.kind, l.urgency
    FROM unnest(%(ids)s::uuid[], %(samples)s::bigint[], %(starts_us)s::bigint[], %(numbers)s::smallint[],
                %(confidences)s::real[], %(run_ids)s::bigint[])
         AS u (id, sample, start_us, number, confidence, run_id)
    JOIN detector_runs r ON r.id = u.run_id
    JOIN unnest(%(label_numbers)s::smallint[], %(label_codes)s::text[], %(label_kinds)s::text[],
                %(label_urgencies)s::smallint[]) AS l (number, code, kind, urgency) ON l.number = u.number
), made AS (
    INSERT INTO annotations (id, stream_id, group_id, kind, label, start_us, end_us, urgency, status, deleted, revision,
                             confidence, author_kind, author_name, author_version, run_id, origin_sample,
                             machine_end_us, updated_by)
    SELECT id, %(stream_id)s, %(group_id)s, coalesce(%(kind)s, kind), coalesce(%(label)s, code), start_us, start_us,
           coalesce(%(urgency)s, urgency), %(status)s, %(deleted)s, 1, nullif(confidence, 'NaN'), 'machine', name,
           version, run_id, sample, start_us, %(login)s
    FROM said
    ON CONFLICT (id) DO NOTHING
    RETURNING id, annotation_state(annotations) AS state
)
INSERT INTO annotation_revisions (annotation_id, revision, action, user_id, login, before, bulk_id)
SELECT m.id, 1, %(action)s, %(user_id)s, %(login)s,
       m.state || jsonb_build_object('kind', s.kind, 'label', s.code, 'status', 'proposed', 'deleted', false,
                                     'revision', 0, 'updated_by', s.name),
       %(bulk_id)s
FROM made m JOIN said s ON s.id = m.id
RETURNING annotation_id

-- name: rows
SELECT id, label, start_us, status, deleted, revision, author_kind FROM annotations WHERE id = ANY(%(ids)s::uuid[])

-- name: edit_rows
-- Rows that somebody revised since they were looked at stay as they are.
WITH changed AS (
    UPDATE annotations a
    SET kind = coalesce(%(kind)s, a.kind), label = coalesce(%(label)s, a.label),
        urgency = coalesce(%(urgency)s, a.urgency), status = d.next_status, deleted = a.deleted OR %(deleted)s,
        revision = a.revision + 1, updated_us = now_us(), updated_by = %(login)s, signal_changed_us = NULL
    FROM (
        SELECT b.ctid, b.revision, n.status AS next_status, annotation_state(b) AS state
        FROM unnest(%(ids)s::uuid[], %(revisions)s::integer[], %(statuses)s::text[]) AS n (id, revision, status)
        JOIN annotations b ON b.id = n.id AND b.revision = n.revision
    ) d
    WHERE a.ctid = d.ctid AND a.revision = d.revision
    RETURNING a.id, a.revision, d.state
)
INSERT INTO annotation_revisions (annotation_id, revision, action, user_id, login, before, bulk_id)
SELECT id, revision, %(action)s, %(user_id)s, %(login)s, state, %(bulk_id)s FROM changed

-- name: step
-- Undo and redo alike put back what the edit's newest revision of a row replaced, where the row still says, or says
-- again, what that revision left. Redo concerns the rows that were undone, undo the others.
WITH newest AS (
    SELECT DISTINCT ON (annotation_id) annotation_id, revision, action, before
    FROM annotation_revisions WHERE bulk_id = %(bulk_id)s ORDER BY annotation_id, revision DESC
), changed AS (
    UPDATE annotations a
    SET kind = d.before ->> 'kind', label = d.before ->> 'label', urgency = d.urgency, status = d.before ->> 'status',
        deleted = (d.before ->> 'deleted')::boolean, revision = a.revision + 1, updated_us = now_us(),
        updated_by = %(login)s, signal_changed_us = NULL
    FROM (
        SELECT b.ctid, b.revision, w.before, l.urgency, annotation_state(b) AS state
        FROM newest w
        JOIN annotations b ON b.id = w.annotation_id
        JOIN unnest(%(label_codes)s::text[], %(label_urgencies)s::smallint[]) AS l (code, urgency)
          ON l.code = w.before ->> 'label'
        WHERE (w.action = 'undo') = %(is_redo)s AND w.annotation_id <> ALL(%(left)s::uuid[])
          AND (b.revision = w.revision
               OR annotation_state(b) - '{revision,updated_us,updated_by}'::text[] = (
                   SELECT whole_state(r.before) - '{revision,updated_us,updated_by}'::text[] FROM annotation_revisions r
                   WHERE r.annotation_id = w.annotation_id AND r.revision = w.revision + 1))
    ) d
    WHERE a.ctid = d.ctid AND a.revision = d.revision
    RETURNING a.id, a.revision, d.state
)
INSERT INTO annotation_revisions (annotation_id, revision, action, user_id, login, before, bulk_id)
SELECT id, revision, %(action)s, %(user_id)s, %(login)s, state, %(bulk_id)s FROM changed

-- name: stepped
UPDATE bulk_edits
SET updated_us = now_us(), undone_us = CASE WHEN %(is_redo)s THEN NULL ELSE now_us() END,
    undone_by = CASE WHEN %(is_redo)s THEN NULL ELSE %(login)s END,
    n_changed_since = n_changed - %(n_stepped)s
WHERE id = %(bulk_id)s
