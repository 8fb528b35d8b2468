-- Sessions of people, which they can see and end, and invitations by which they choose their own password.

CREATE TABLE user_sessions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     integer NOT NULL REFERENCES users (id),
    token_hash  bytea NOT NULL UNIQUE,
    address     text NOT NULL,
    agent       text NOT NULL DEFAULT '' CHECK (length(agent) <= 200),
    began_us    bigint NOT NULL DEFAULT clock_us(),
    seen_us     bigint NOT NULL DEFAULT clock_us(),
    ended_us    bigint
);
COMMENT ON TABLE user_sessions IS 'Who is signed in where; the token itself is in the browser alone';
CREATE INDEX user_sessions_user ON user_sessions (user_id, began_us);

CREATE TABLE invitations (
    token_hash  bytea PRIMARY KEY,
    login       text NOT NULL CHECK (login <> ''),
    role        text NOT NULL CHECK (role IN ('admin', 'reader', 'viewer')),
    created_by  text NOT NULL,
    created_us  bigint NOT NULL DEFAULT clock_us(),
    expires_us  bigint NOT NULL,
    used_us     bigint
);
COMMENT ON TABLE invitations IS 'Whoever has the token chooses the password of that login, once, until it expires';
