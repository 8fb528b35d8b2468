-- Detector runs.

-- name: insert_run
INSERT INTO detector_runs (group_id, name, version, parameters, parameters_hash)
VALUES (%(group_id)s, %(name)s, %(version)s, %(parameters)s, %(parameters_hash)s)
ON CONFLICT (group_id, name, version, parameters_hash) DO NOTHING

-- name: find_run
SELECT id FROM detector_runs
WHERE group_id = %(group_id)s AND name = %(name)s AND version = %(version)s AND parameters_hash = %(parameters_hash)s

-- name: list_runs
SELECT id, group_id, name, version, parameters, created_us FROM detector_runs WHERE group_id = %(group_id)s ORDER BY id
