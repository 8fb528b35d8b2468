-- Detector states.

-- name: save
INSERT INTO checkpoints (group_id, detector, version, next_sample, state)
VALUES (%(group_id)s, %(detector)s, %(version)s, %(next_sample)s, %(state)s)
ON CONFLICT (group_id, detector) DO UPDATE
SET version = excluded.version, next_sample = excluded.next_sample, state = excluded.state,
    updated_us = excluded.updated_us

-- name: load
SELECT next_sample, state FROM checkpoints
WHERE group_id = %(group_id)s AND detector = %(detector)s AND version = %(version)s

-- name: forget
DELETE FROM checkpoints WHERE group_id = %(group_id)s AND detector = %(detector)s
