-- What people did.

-- name: record
INSERT INTO audit_log (user_id, login, action, subject, detail)
VALUES (%(user_id)s, %(login)s, %(action)s, %(subject)s, %(detail)s)

-- name: recent
SELECT at_us, user_id, login, action, subject, detail FROM audit_log ORDER BY id DESC LIMIT %(limit)s
