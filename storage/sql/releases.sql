-- Versions of a project's data.

-- name: record
INSERT INTO releases (project_id, version, sha256, n_records, n_patients, accepted, exceptions, user_id, login)
VALUES (%(project_id)s, %(version)s, %(sha256)s, %(n_records)s, %(n_patients)s, %(accepted)s, %(exceptions)s,
        %(user_id)s, %(login)s)
ON CONFLICT (project_id, version) DO NOTHING

-- name: digest
SELECT sha256 FROM releases WHERE project_id = %(project_id)s AND version = %(version)s

-- name: listed
SELECT version, sha256, n_records, n_patients, accepted, login, created_us, exceptions FROM releases
WHERE project_id = %(project_id)s ORDER BY created_us, version

-- name: streams
-- What the items of a project lie in, with what is known of the patient.
SELECT DISTINCT s.id, s.name, coalesce(p.pseudonym, 'stream ' || s.name), p.birth_year, p.sex, s.synthetic, s.note
FROM reading_items i JOIN streams s ON s.id = i.stream_id LEFT JOIN patients p ON p.id = s.patient_id
WHERE i.project_id = %(project_id)s ORDER BY s.name

-- name: sign
INSERT INTO release_signatures (project_id, version, role, meaning, user_id, login, sha256)
SELECT project_id, version, %(role)s, %(meaning)s, %(user_id)s, %(login)s, sha256 FROM releases
WHERE project_id = %(project_id)s AND version = %(version)s
ON CONFLICT DO NOTHING

-- name: signatures
SELECT version, role, meaning, login, sha256, at_us FROM release_signatures WHERE project_id = %(project_id)s ORDER BY at_us, login
