-- Patients, devices, streams, channel groups.

-- name: ensure_patient
WITH made AS (
    INSERT INTO patients (pseudonym) VALUES (%(pseudonym)s) ON CONFLICT (pseudonym) DO NOTHING RETURNING id
)
SELECT id FROM made UNION ALL SELECT id FROM patients WHERE pseudonym = %(pseudonym)s LIMIT 1

-- name: describe_patient
UPDATE patients SET birth_year = coalesce(%(birth_year)s, birth_year), sex = coalesce(%(sex)s, sex)
WHERE pseudonym = %(pseudonym)s

-- name: ensure_device
WITH made AS (
    INSERT INTO devices (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING RETURNING id
)
SELECT id FROM made UNION ALL SELECT id FROM devices WHERE name = %(name)s LIMIT 1

-- name: insert_stream
INSERT INTO streams (name, patient_id, device_id, t0_us, synthetic, note)
VALUES (%(name)s, %(patient_id)s, %(device_id)s, %(t0_us)s, %(synthetic)s, %(note)s)
ON CONFLICT (name) DO NOTHING

-- name: set_stream_patient
UPDATE streams SET patient_id = %(patient_id)s WHERE name = %(name)s AND patient_id IS NULL

-- name: stream_named
SELECT s.id, s.name, s.patient_id, p.pseudonym, d.name, s.t0_us, s.ended_us, s.synthetic, s.note
FROM streams s JOIN devices d ON d.id = s.device_id LEFT JOIN patients p ON p.id = s.patient_id
WHERE s.name = %(name)s

-- name: stream_by_id
SELECT s.id, s.name, s.patient_id, p.pseudonym, d.name, s.t0_us, s.ended_us, s.synthetic, s.note
FROM streams s JOIN devices d ON d.id = s.device_id LEFT JOIN patients p ON p.id = s.patient_id
WHERE s.id = %(id)s

-- name: list_streams
SELECT s.id, s.name, s.patient_id, p.pseudonym, d.name, s.t0_us, s.ended_us, s.synthetic, s.note,
       g.n_groups, g.n_samples, g.received_us, g.extents,
       (SELECT count(*) FROM annotations a
        WHERE a.stream_id = s.id AND a.status = 'proposed' AND NOT a.deleted
          AND a.kind IN ('rhythm', 'event', 'quality'))
FROM streams s
JOIN devices d ON d.id = s.device_id
LEFT JOIN patients p ON p.id = s.patient_id
CROSS JOIN LATERAL (
    SELECT count(*) AS n_groups, coalesce(sum(n_stored), 0)::bigint AS n_samples,
           max(updated_us) FILTER (WHERE n_stored > 0) AS received_us,
           coalesce(jsonb_agg(jsonb_build_array(fs_hz, t0_us, first_sample, next_sample))
                    FILTER (WHERE n_stored > 0), '[]') AS extents
    FROM channel_groups WHERE stream_id = s.id
) g
WHERE %(after)s::text IS NULL OR s.name > %(after)s::text
ORDER BY s.name LIMIT %(limit)s::bigint

-- name: end_stream
UPDATE streams SET ended_us = %(at_us)s WHERE id = %(id)s

-- name: end_ongoing
-- Detectors end their spans themselves, but not those of a worker that was killed, nor a detector that failed.
UPDATE annotations SET ongoing = false, updated_us = CASE WHEN revision = 0 THEN now_us() ELSE updated_us END
WHERE stream_id = %(id)s AND kind IN ('rhythm', 'event', 'quality') AND ongoing

-- name: insert_group
INSERT INTO channel_groups (stream_id, name, fs_hz, t0_us, cell_samples, sample_type)
VALUES (%(stream_id)s, %(name)s, %(fs_hz)s, %(t0_us)s, %(cell_samples)s, %(sample_type)s)
ON CONFLICT (stream_id, name) DO NOTHING
RETURNING id

-- name: insert_signals
INSERT INTO signals (group_id, position, name, unit, gain, "offset")
SELECT %(group_id)s, * FROM unnest(%(positions)s::smallint[], %(names)s::text[], %(units)s::text[],
                                   %(gains)s::float8[], %(offsets)s::float8[])

-- name: groups_of
SELECT g.id, g.stream_id, s.name, g.name, g.fs_hz, g.t0_us, g.first_sample, g.next_sample, g.cell_samples, g.sealed,
       g.n_stored, g.ends_at, g.sample_type, c.names, c.units, c.gains, c.offsets
FROM channel_groups g
JOIN streams s ON s.id = g.stream_id
CROSS JOIN LATERAL (
    SELECT array_agg(name ORDER BY position) AS names, array_agg(unit ORDER BY position) AS units,
           array_agg(gain ORDER BY position) AS gains, array_agg("offset" ORDER BY position) AS offsets
    FROM signals WHERE group_id = g.id
) c
WHERE g.stream_id = %(stream_id)s
ORDER BY g.name

-- name: group_by_id
SELECT g.id, g.stream_id, s.name, g.name, g.fs_hz, g.t0_us, g.first_sample, g.next_sample, g.cell_samples, g.sealed,
       g.n_stored, g.ends_at, g.sample_type, c.names, c.units, c.gains, c.offsets
FROM channel_groups g
JOIN streams s ON s.id = g.stream_id
CROSS JOIN LATERAL (
    SELECT array_agg(name ORDER BY position) AS names, array_agg(unit ORDER BY position) AS units,
           array_agg(gain ORDER BY position) AS gains, array_agg("offset" ORDER BY position) AS offsets
    FROM signals WHERE group_id = g.id
) c
WHERE g.id = %(id)s

-- name: unfinished_groups
SELECT g.id, g.stream_id, s.name, g.name, g.fs_hz, g.t0_us, g.first_sample, g.next_sample, g.cell_samples, g.sealed,
       g.n_stored, g.ends_at, g.sample_type, c.names, c.units, c.gains, c.offsets
FROM channel_groups g
JOIN streams s ON s.id = g.stream_id
CROSS JOIN LATERAL (
    SELECT array_agg(name ORDER BY position) AS names, array_agg(unit ORDER BY position) AS units,
           array_agg(gain ORDER BY position) AS gains, array_agg("offset" ORDER BY position) AS offsets
    FROM signals WHERE group_id = g.id
) c
WHERE g.ends_at IS NOT NULL AND g.ends_at >= g.next_sample AND NOT g.sealed AND g.updated_us < clock_us() - %(silent_us)s
ORDER BY g.id LIMIT %(limit)s

-- name: note_endings
UPDATE channel_groups g SET ends_at = n.ends_at
FROM unnest(%(ids)s::integer[], %(ends)s::bigint[]) AS n (id, ends_at) WHERE g.id = n.id AND g.ends_at IS DISTINCT FROM n.ends_at
