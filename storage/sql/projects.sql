-- Projects, who may do what in them, and who reads.

-- name: create
INSERT INTO projects (name, description, tolerance_us, created_by)
VALUES (%(name)s, %(description)s, %(tolerance_us)s, %(login)s)
ON CONFLICT (name) DO NOTHING
RETURNING id, name, description, tolerance_us, created_us, created_by, n_readers, double_share, critical,
       gold_share, repeat_share, assisted_share, pass_mark, qualified_days, audit_limit, targets, due_us, codes

-- name: set_design
UPDATE projects
SET n_readers = %(n_readers)s, double_share = %(double_share)s, gold_share = %(gold_share)s, repeat_share = %(repeat_share)s,
    assisted_share = %(assisted_share)s, pass_mark = %(pass_mark)s, qualified_days = %(qualified_days)s,
    audit_limit = %(audit_limit)s, targets = %(targets)s, due_us = %(due_us)s
WHERE id = %(id)s

-- name: set_codes
UPDATE projects SET codes = %(codes)s WHERE id = %(id)s

-- name: by_name
SELECT id, name, description, tolerance_us, created_us, created_by, n_readers, double_share, critical,
       gold_share, repeat_share, assisted_share, pass_mark, qualified_days, audit_limit, targets, due_us, codes
FROM projects WHERE name = %(name)s

-- name: by_id
SELECT id, name, description, tolerance_us, created_us, created_by, n_readers, double_share, critical,
       gold_share, repeat_share, assisted_share, pass_mark, qualified_days, audit_limit, targets, due_us, codes
FROM projects WHERE id = %(id)s

-- name: listed
SELECT p.id, p.name, p.description, p.tolerance_us, p.created_us, p.created_by, p.n_readers,
       p.double_share, p.critical, p.gold_share, p.repeat_share, p.assisted_share, p.pass_mark, p.qualified_days, p.audit_limit,
       p.targets, p.due_us, p.codes,
       (SELECT count(*) FROM reading_items i WHERE i.project_id = p.id),
       (SELECT count(*) FROM project_readers r WHERE r.project_id = p.id),
       (SELECT count(*) FROM readings r WHERE r.project_id = p.id)
FROM projects p
WHERE %(user_id)s::integer IS NULL
   OR EXISTS (SELECT FROM project_members m WHERE m.project_id = p.id AND m.user_id = %(user_id)s::integer)
ORDER BY p.name

-- name: give_role
INSERT INTO project_members (project_id, user_id, role, added_by)
VALUES (%(project_id)s, %(user_id)s, %(role)s, %(login)s)
ON CONFLICT DO NOTHING

-- name: take_role
DELETE FROM project_members WHERE project_id = %(project_id)s AND user_id = %(user_id)s AND role = %(role)s

-- name: n_owners
SELECT count(*) FROM project_members WHERE project_id = %(project_id)s AND role = 'owner'

-- name: lock_project
SELECT FROM projects WHERE id = %(project_id)s FOR NO KEY UPDATE

-- name: roles_of
SELECT role FROM project_members WHERE project_id = %(project_id)s AND user_id = %(user_id)s

-- name: members
SELECT u.login, m.role, m.since_us, m.added_by
FROM project_members m JOIN users u ON u.id = m.user_id
WHERE m.project_id = %(project_id)s
ORDER BY u.login, m.role

-- name: ensure_reader
INSERT INTO project_readers (project_id, name, kind, user_id)
VALUES (%(project_id)s, %(name)s, %(kind)s, %(user_id)s)
ON CONFLICT DO NOTHING

-- name: reader_named
SELECT id, project_id, name, kind, user_id FROM project_readers WHERE project_id = %(project_id)s AND name = %(name)s

-- name: readers
SELECT id, project_id, name, kind, user_id FROM project_readers WHERE project_id = %(project_id)s ORDER BY name
