-- People and their failed logins.

-- name: create
INSERT INTO users (login, password_hash, role) VALUES (%(login)s, %(password_hash)s, %(role)s)
RETURNING id, login, role, disabled, created_us

-- name: find
SELECT id, login, role, disabled, created_us, password_hash FROM users WHERE login = %(login)s

-- name: by_id
SELECT id, login, role, disabled, created_us FROM users WHERE id = %(id)s

-- name: list_users
SELECT id, login, role, disabled, created_us FROM users ORDER BY login

-- name: set_disabled
UPDATE users SET disabled = %(disabled)s WHERE login = %(login)s

-- name: set_password
UPDATE users SET password_hash = %(password_hash)s WHERE login = %(login)s

-- name: take_turns
-- Attempts on one login, and from one address, one after the other: many at once would all see no failure yet.
SELECT pg_advisory_xact_lock(7244, hashtext(%(key)s))

-- name: failures
SELECT (SELECT count(*) FROM login_failures WHERE login = %(login)s AND at_us > clock_us() - %(window_us)s),
       (SELECT max(at_us) FROM login_failures WHERE login = %(login)s),
       (SELECT count(*) FROM login_failures WHERE address = %(address)s AND at_us > clock_us() - %(window_us)s),
       (SELECT max(at_us) FROM login_failures WHERE address = %(address)s),
       clock_us()

-- name: record_failure
INSERT INTO login_failures (login, address) VALUES (%(login)s, %(address)s)

-- name: forgive
DELETE FROM login_failures WHERE login = %(login)s

-- name: forget_old_failures
DELETE FROM login_failures WHERE at_us < clock_us() - %(window_us)s
