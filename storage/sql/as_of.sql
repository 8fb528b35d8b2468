-- Annotations as they stood at a time in the past.

-- name: stood
-- What the first revision since then replaced is what stood; without one it is what stands now.
SELECT a.id, next.revision IS NOT NULL, whole_state(next.before)
FROM annotations a
LEFT JOIN LATERAL (
    SELECT r.revision, r.before FROM annotation_revisions r
    WHERE r.annotation_id = a.id AND r.at_us > %(at_us)s ORDER BY r.revision LIMIT 1
) next ON true
WHERE a.stream_id = %(stream_id)s AND a.created_us <= %(at_us)s AND (next.revision IS NULL OR next.before IS NOT NULL)
ORDER BY a.start_us, a.end_us, a.id
