-- Every stream with its channel groups, for thousands of streams at once: each table is read once, in whole.

-- name: groups
WITH proposed AS (
    SELECT stream_id, count(*) AS n FROM annotations
    WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
    GROUP BY stream_id
), columns AS (
    SELECT group_id, count(*) AS n FROM signals GROUP BY group_id
)
SELECT s.id, s.name, d.name, s.t0_us, s.ended_us, s.synthetic, coalesce(p.n, 0),
       g.id, g.name, g.fs_hz, coalesce(c.n, 0), g.t0_us, g.first_sample, g.next_sample, g.n_stored, g.updated_us,
       t.offset_ms, t.drift_ppm, t.sample_drift_ppm, coalesce(t.n_restarts, 0)
FROM streams s
JOIN devices d ON d.id = s.device_id
LEFT JOIN proposed p ON p.stream_id = s.id
LEFT JOIN channel_groups g ON g.stream_id = s.id
LEFT JOIN columns c ON c.group_id = g.id
LEFT JOIN timelines t ON t.group_id = g.id
WHERE s.ended_us IS NULL OR NOT %(running_only)s
ORDER BY s.id, g.id

-- name: gaps
-- Only of groups that lack samples: their runs are walked in order.
SELECT group_id, count(*) FROM (
    SELECT group_id, start_sample, max(end_sample) OVER (PARTITION BY group_id ORDER BY start_sample
                                                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM (
        SELECT group_id, start_sample, start_sample + n_samples AS end_sample
        FROM waveform_blocks WHERE group_id = ANY(%(group_ids)s)
        UNION ALL
        SELECT t.group_id, t.start_sample, t.start_sample + octet_length(t.payload) / g.sample_bytes
        FROM waveform_tail t JOIN (
            SELECT id, (CASE sample_type WHEN 'int16' THEN 2 ELSE 4 END)
                       * (SELECT count(*) FROM signals WHERE group_id = channel_groups.id) AS sample_bytes
            FROM channel_groups WHERE id = ANY(%(group_ids)s)
        ) g ON g.id = t.group_id
    ) runs
) steps
WHERE start_sample > reached
GROUP BY group_id

-- name: now
SELECT clock_us()
