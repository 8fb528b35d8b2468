-- Sessions and invitations.

-- name: begin
INSERT INTO user_sessions (user_id, token_hash, address, agent) VALUES (%(user_id)s, %(token_hash)s, %(address)s, %(agent)s)

-- name: standing
-- The person of a session that was not ended.
SELECT u.id, u.login, u.role, u.disabled, u.created_us, s.seen_us < clock_us() - %(step_us)s
FROM user_sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = %(token_hash)s AND s.ended_us IS NULL

-- name: seen
UPDATE user_sessions SET seen_us = clock_us() WHERE token_hash = %(token_hash)s

-- name: end_one
UPDATE user_sessions SET ended_us = clock_us() WHERE token_hash = %(token_hash)s AND ended_us IS NULL

-- name: end_by_id
UPDATE user_sessions SET ended_us = clock_us() WHERE id = %(id)s AND user_id = %(user_id)s AND ended_us IS NULL

-- name: end_others
UPDATE user_sessions SET ended_us = clock_us() WHERE user_id = %(user_id)s AND token_hash <> %(token_hash)s AND ended_us IS NULL

-- name: listed
SELECT id, address, agent, began_us, seen_us, token_hash = %(token_hash)s FROM user_sessions
WHERE user_id = %(user_id)s AND ended_us IS NULL AND began_us > clock_us() - %(within_us)s ORDER BY seen_us DESC

-- name: invite
INSERT INTO invitations (token_hash, login, role, created_by, expires_us)
VALUES (%(token_hash)s, %(login)s, %(role)s, %(created_by)s, clock_us() + %(for_us)s)

-- name: invitation
SELECT login, role FROM invitations WHERE token_hash = %(token_hash)s AND used_us IS NULL AND expires_us > clock_us() FOR UPDATE

-- name: use
UPDATE invitations SET used_us = clock_us() WHERE token_hash = %(token_hash)s
