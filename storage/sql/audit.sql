-- What people did.

-- name: record
INSERT INTO audit_log (user_id, login, action, subject, detail)
VALUES (%(user_id)s, %(login)s, %(action)s, %(subject)s, %(detail)s)

-- name: recent
SELECT at_us, user_id, login, action, subject, detail FROM audit_log ORDER BY seq DESC LIMIT %(limit)s

-- name: chain
SELECT seq, audit_text(seq, at_us, user_id, login, action, subject, detail), hash FROM audit_log ORDER BY seq

-- name: head
SELECT seq, hash FROM audit_head

-- name: seals
-- Each revision beside its seal, either of which may be missing, and the state of the annotation that it left, where
-- that is the newest one.
SELECT coalesce(r.annotation_id, s.annotation_id), coalesce(r.revision, s.revision), revision_text(r), s.hash, s.state_hash,
       r.annotation_id IS NOT NULL, CASE WHEN a.revision = r.revision THEN annotation_text(a) END
FROM annotation_revisions r
FULL JOIN revision_seals s ON s.annotation_id = r.annotation_id AND s.revision = r.revision
LEFT JOIN annotations a ON a.id = r.annotation_id
ORDER BY 1, 2

-- name: without_newest
-- Annotations whose newest revision is not in their history.
SELECT a.id, a.revision FROM annotations a
WHERE a.revision > 0
  AND NOT EXISTS (SELECT FROM annotation_revisions r WHERE r.annotation_id = a.id AND r.revision = a.revision)
ORDER BY a.id

-- name: readings
SELECT id, jsonb_build_array(id, project_id, item_id, reader_id, answer, to_jsonb(starts_us), to_jsonb(ends_us), to_jsonb(names),
                             to_jsonb(codes), source, user_id, login, submitted_us)::text
           -- what readings have had since a later version; of those from before it adds nothing
           || coalesce(nullif(jsonb_strip_nulls(jsonb_build_object('guideline', guideline, 'seconds', seconds,
                              'is_assisted', is_assisted, 'view', view))::text, '{}'), '')
FROM readings WHERE %(id)s::bigint IS NULL OR id = %(id)s::bigint ORDER BY id

-- name: handed_in
SELECT (detail ->> 'reading')::bigint, detail ->> 'sha256' FROM audit_log WHERE action = 'reading-handed-in' ORDER BY 1

-- name: seals_digest
SELECT count(*), coalesce(max(id), 0), sha256(coalesce(string_agg(hash, '' ORDER BY id), ''))
FROM revision_seals WHERE id <= %(until)s

-- name: sealed
SELECT seq, detail FROM audit_log WHERE action = 'history-sealed' ORDER BY seq
