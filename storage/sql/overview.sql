-- What the dashboard shows: each statement reads little, however long the streams are.

-- name: streams
SELECT s.id, s.name, coalesce(p.pseudonym, ''), s.synthetic, s.ended_us,
       (SELECT count(*) FROM annotations a
        WHERE a.stream_id = s.id AND a.status = 'proposed' AND NOT a.deleted AND a.kind IN ('rhythm', 'event', 'quality')),
       g.fs_hz, g.t0_us, CASE WHEN g.n_stored > 0 THEN g.next_sample END, g.updated_us, (SELECT count(*) FROM signals c WHERE c.group_id = g.id),
       g.next_sample - g.first_sample - g.n_stored
FROM (SELECT s.*, (SELECT max(g.updated_us) FROM channel_groups g WHERE g.stream_id = s.id) AS heard_us FROM streams s
      ORDER BY s.ended_us IS NOT NULL, heard_us DESC NULLS LAST, s.id LIMIT %(limit)s) s
LEFT JOIN patients p ON p.id = s.patient_id
LEFT JOIN channel_groups g ON g.stream_id = s.id
ORDER BY s.ended_us IS NOT NULL, s.heard_us DESC NULLS LAST, s.id, g.id

-- name: totals
SELECT clock_us(),
       (SELECT count(*) FROM streams),
       (SELECT count(*) FROM (
            SELECT 1 FROM channel_groups g JOIN streams s ON s.id = g.stream_id
            WHERE s.ended_us IS NULL AND g.n_stored > 0 GROUP BY g.stream_id
            HAVING max(g.updated_us) >= clock_us()
                - greatest(%(live_within_us)s, (%(live_within_samples)s * 1e6 / max(g.fs_hz))::bigint)) live),
       (SELECT count(DISTINCT g.stream_id) FROM channel_groups g JOIN streams s ON s.id = g.stream_id
        WHERE s.ended_us IS NULL AND g.n_stored > 0),
       (SELECT coalesce(sum(n_stored), 0)::bigint FROM channel_groups)

-- name: proposals_by_urgency
SELECT urgency, count(*) FROM annotations
WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality')
GROUP BY urgency
