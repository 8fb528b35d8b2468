-- The coarse level of the envelopes.

-- name: read
SELECT span, envelope FROM waveform_pyramid
WHERE group_id = %(group_id)s AND span >= %(first)s AND span < %(last)s
ORDER BY span

-- name: fine
SELECT n.group_id, n.span, b.start_sample, b.n_samples, b.envelope
FROM unnest(%(group_ids)s::integer[], %(spans)s::bigint[], %(starts_us)s::bigint[], %(ends_us)s::bigint[])
     AS n (group_id, span, start_us, end_us)
JOIN waveform_blocks b ON b.group_id = n.group_id AND b.start_us >= n.start_us AND b.start_us < n.end_us
WHERE b.start_us >= %(first_us)s AND b.start_us < %(end_us)s
ORDER BY n.group_id, n.span, b.start_us

-- name: save
INSERT INTO waveform_pyramid (group_id, span, envelope)
SELECT * FROM unnest(%(group_ids)s::integer[], %(spans)s::bigint[], %(envelopes)b::bytea[])
ON CONFLICT (group_id, span) DO UPDATE SET envelope = excluded.envelope

-- name: delete
DELETE FROM waveform_pyramid p USING unnest(%(group_ids)s::integer[], %(spans)s::bigint[]) AS n (group_id, span)
WHERE p.group_id = n.group_id AND p.span = n.span

-- name: groups
-- Only columns that were there when the table was added: later ones may not be there yet.
SELECT g.id, g.fs_hz, g.t0_us, g.sample_type, (SELECT count(*) FROM signals s WHERE s.group_id = g.id)::integer,
       g.cell_samples, CASE WHEN g.sealed THEN g.next_sample ELSE g.next_sample - g.next_sample %% g.cell_samples END
FROM channel_groups g WHERE g.next_sample > g.first_sample

-- name: stored_spans
SELECT DISTINCT unnest(ARRAY[start_sample / %(span)s, (start_sample + n_samples - 1) / %(span)s]) AS span
FROM waveform_blocks WHERE group_id = %(group_id)s ORDER BY span
