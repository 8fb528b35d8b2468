-- Versions of a project's data that were given away: what was in one is never changed.

CREATE TABLE releases (
    project_id   integer NOT NULL REFERENCES projects (id),
    version      text NOT NULL CHECK (version ~ '^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$'),
    sha256       text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    n_records    integer NOT NULL CHECK (n_records > 0),
    n_patients   integer NOT NULL CHECK (n_patients > 0),
    accepted     text[] NOT NULL DEFAULT '{}',
    user_id      integer REFERENCES users (id),
    login        text NOT NULL,
    created_us   bigint NOT NULL DEFAULT now_us(),
    PRIMARY KEY (project_id, version)
);
COMMENT ON COLUMN releases.sha256 IS 'Of SHA256SUMS, which lists every file';
COMMENT ON COLUMN releases.accepted IS 'Kinds of findings that a person has let pass, each with how many';
CREATE TRIGGER releases_append_only BEFORE DELETE OR UPDATE ON releases
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER releases_no_truncate BEFORE TRUNCATE ON releases
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
