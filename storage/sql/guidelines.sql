-- How to read: versions, and who has acknowledged them.

-- name: publish
INSERT INTO guidelines (project_id, version, body, why, user_id, login)
SELECT %(project_id)s, coalesce(max(version), 0) + 1, %(body)s, %(why)s, %(user_id)s, %(login)s
FROM guidelines WHERE project_id = %(project_id)s
RETURNING version

-- name: version
SELECT version, body, why, login, published_us FROM guidelines
WHERE project_id = %(project_id)s AND (%(version)s::integer IS NULL OR version = %(version)s)
ORDER BY version DESC LIMIT 1

-- name: versions
SELECT version, '', why, login, published_us FROM guidelines WHERE project_id = %(project_id)s ORDER BY version DESC

-- name: acknowledge
INSERT INTO guideline_acknowledgements (project_id, version, user_id) VALUES (%(project_id)s, %(version)s, %(user_id)s)
ON CONFLICT DO NOTHING

-- name: acknowledged
SELECT coalesce(max(version), 0) FROM guideline_acknowledgements WHERE project_id = %(project_id)s AND user_id = %(user_id)s

-- name: newest
SELECT coalesce(max(version), 0) FROM guidelines WHERE project_id = %(project_id)s
