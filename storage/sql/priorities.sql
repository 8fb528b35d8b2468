-- In which order items come: by what machines say of them, or by lot.

-- name: undealt
SELECT i.id FROM reading_items i
WHERE i.project_id = %(project_id)s AND i.n_wanted = 0 AND i.kind = 'item' ORDER BY i.id

-- name: said
-- What machines found in each item that nobody has yet: the greatest urgency, and the least confidence.
SELECT i.id, coalesce(max(u.urgency), 0), min(a.confidence)
FROM reading_items i
LEFT JOIN annotations a ON a.stream_id = i.stream_id AND a.start_us < i.end_us AND a.end_us > i.start_us AND a.run_id IS NOT NULL
LEFT JOIN unnest(%(labels)s::text[], %(urgencies)s::integer[]) AS u (label, urgency) ON u.label = a.label
WHERE i.project_id = %(project_id)s AND i.n_wanted = 0 AND i.kind = 'item'
GROUP BY i.id ORDER BY i.id

-- name: set
UPDATE reading_items i SET priority = n.priority
FROM unnest(%(items)s::bigint[], %(priorities)s::real[]) AS n (id, priority) WHERE i.id = n.id
