-- Devices, streams and channel groups that a worker meets, many at a time.

-- name: ensure_devices
INSERT INTO devices (name) SELECT DISTINCT unnest(%(names)s::text[]) ORDER BY 1 ON CONFLICT (name) DO NOTHING

-- name: ensure_streams
-- What was registered first stands: of several origins the one that comes first in the arrays.
INSERT INTO streams (name, device_id, t0_us)
SELECT DISTINCT ON (n.name) n.name, d.id, n.t0_us
FROM unnest(%(names)s::text[], %(devices)s::text[], %(t0s_us)s::bigint[]) WITH ORDINALITY
     AS n (name, device, t0_us, i)
JOIN devices d ON d.name = n.device
ORDER BY n.name, n.i
ON CONFLICT (name) DO NOTHING

-- name: ensure_groups
WITH wanted AS (
    SELECT s.id AS stream_id, n.*
    FROM unnest(%(streams)s::text[], %(names)s::text[], %(rates)s::float8[], %(t0s_us)s::bigint[],
                %(cells)s::integer[], %(types)s::text[]) AS n (stream, name, fs_hz, t0_us, cell_samples, sample_type)
    JOIN streams s ON s.name = n.stream
), made AS (
    INSERT INTO channel_groups (stream_id, name, fs_hz, t0_us, cell_samples, sample_type)
    SELECT stream_id, name, fs_hz, t0_us, cell_samples, sample_type FROM wanted ORDER BY stream_id, name
    ON CONFLICT (stream_id, name) DO NOTHING
    RETURNING id, stream_id, name
)
INSERT INTO signals (group_id, position, name, unit, gain, "offset")
SELECT m.id, c.position, c.name, c.unit, c.gain, c."offset"
FROM unnest(%(of_streams)s::text[], %(of_groups)s::text[], %(positions)s::smallint[], %(channels)s::text[],
            %(units)s::text[], %(gains)s::float8[], %(offsets)s::float8[])
     AS c (stream, "group", position, name, unit, gain, "offset")
JOIN streams s ON s.name = c.stream
JOIN made m ON m.stream_id = s.id AND m.name = c."group"

-- name: groups_named
SELECT g.id, g.stream_id, s.name, g.name, g.fs_hz, g.t0_us, g.first_sample, g.next_sample, g.cell_samples, g.sealed,
       g.n_stored, g.ends_at, g.sample_type, c.names, c.units, c.gains, c.offsets
FROM unnest(%(streams)s::text[], %(names)s::text[]) AS n (stream, name)
JOIN streams s ON s.name = n.stream
JOIN channel_groups g ON g.stream_id = s.id AND g.name = n.name
CROSS JOIN LATERAL (
    SELECT array_agg(name ORDER BY position) AS names, array_agg(unit ORDER BY position) AS units,
           array_agg(gain ORDER BY position) AS gains, array_agg("offset" ORDER BY position) AS offsets
    FROM signals WHERE group_id = g.id
) c
ORDER BY g.id

-- name: ensure_runs
INSERT INTO detector_runs (group_id, name, version, parameters, parameters_hash)
SELECT * FROM unnest(%(group_ids)s::integer[], %(names)s::text[], %(versions)s::text[], %(parameters)s::jsonb[],
                     %(hashes)s::text[])
ORDER BY 1, 2, 3, 5
ON CONFLICT (group_id, name, version, parameters_hash) DO NOTHING

-- name: runs_named
SELECT r.group_id, r.name, r.version, r.parameters_hash, r.id
FROM unnest(%(group_ids)s::integer[], %(names)s::text[], %(versions)s::text[], %(hashes)s::text[])
     AS n (group_id, name, version, hash)
JOIN detector_runs r ON r.group_id = n.group_id AND r.name = n.name AND r.version = n.version
    AND r.parameters_hash = n.hash

-- name: timelines_of
SELECT group_id, state FROM timelines WHERE group_id = ANY(%(group_ids)s)

-- name: checkpoints_of
SELECT c.group_id, c.detector, c.version, c.next_sample, c.state
FROM unnest(%(group_ids)s::integer[], %(detectors)s::text[], %(versions)s::text[]) AS n (group_id, detector, version)
JOIN checkpoints c ON c.group_id = n.group_id AND c.detector = n.detector AND c.version = n.version
