-- Programmes of reading: several people read the same pieces of recordings, each for themselves.

CREATE TABLE projects (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    description   text NOT NULL DEFAULT '' CHECK (length(description) <= 2000),
    tolerance_us  bigint NOT NULL DEFAULT 150000 CHECK (tolerance_us BETWEEN 0 AND 10000000),
    created_us    bigint NOT NULL DEFAULT now_us(),
    created_by    text NOT NULL
);
COMMENT ON COLUMN projects.tolerance_us IS 'How far apart two readers may mark one beat or landmark';

CREATE TABLE project_members (
    project_id  integer NOT NULL REFERENCES projects (id),
    user_id     integer NOT NULL REFERENCES users (id),
    role        text NOT NULL CHECK (role IN ('owner', 'adjudicator', 'reader', 'auditor', 'monitor', 'researcher')),
    since_us    bigint NOT NULL DEFAULT now_us(),
    added_by    text NOT NULL,
    PRIMARY KEY (project_id, user_id, role)
);
COMMENT ON TABLE project_members IS 'What a person may do in a project; a person may hold several roles';
CREATE INDEX project_members_user ON project_members (user_id);

CREATE TABLE project_readers (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  integer NOT NULL REFERENCES projects (id),
    name        text NOT NULL CHECK (name ~ '^[^[:cntrl:]]{1,64}$'),
    kind        text NOT NULL CHECK (kind IN ('person', 'imported', 'machine', 'consensus')),
    user_id     integer REFERENCES users (id),
    UNIQUE (project_id, name),
    UNIQUE (project_id, user_id),
    UNIQUE (id, project_id),
    CHECK ((kind = 'person') = (user_id IS NOT NULL))
);
COMMENT ON TABLE project_readers IS 'Who reads in a project, by the name that results show: of a person a pseudonym, never the login';

CREATE TABLE reading_items (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  integer NOT NULL REFERENCES projects (id),
    stream_id   integer NOT NULL REFERENCES streams (id),
    start_us    bigint NOT NULL,
    end_us      bigint NOT NULL CHECK (end_us > start_us),
    created_us  bigint NOT NULL DEFAULT now_us(),
    UNIQUE (project_id, stream_id, start_us, end_us),
    UNIQUE (id, project_id)
);
COMMENT ON TABLE reading_items IS 'Pieces of recordings that are read as a whole';
CREATE INDEX reading_items_stream ON reading_items (stream_id);

CREATE TABLE readings (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id    integer NOT NULL,
    item_id       bigint NOT NULL,
    reader_id     integer NOT NULL,
    answer        text NOT NULL CHECK (answer IN ('read', 'ambiguous', 'unreadable')),
    starts_us     bigint[] NOT NULL,
    ends_us       bigint[] NOT NULL,
    names         text[] NOT NULL,
    codes         smallint[] NOT NULL,
    source        text NOT NULL DEFAULT '',
    user_id       integer REFERENCES users (id),
    login         text NOT NULL,
    submitted_us  bigint NOT NULL DEFAULT now_us(),
    UNIQUE (item_id, reader_id),
    FOREIGN KEY (item_id, project_id) REFERENCES reading_items (id, project_id),
    FOREIGN KEY (reader_id, project_id) REFERENCES project_readers (id, project_id),
    CHECK (cardinality(starts_us) = cardinality(ends_us) AND cardinality(starts_us) = cardinality(codes)),
    CHECK (answer = 'read' OR cardinality(starts_us) = 0)
);
COMMENT ON TABLE readings IS 'What a reader marked in an item, as handed in: append-only';
COMMENT ON COLUMN readings.codes IS 'The label of each mark: its place in names, from 0';
COMMENT ON COLUMN readings.source IS 'Where an imported one comes from: the file''s name and annotator';
COMMENT ON COLUMN readings.login IS 'Who handed it in: the reader, or who imported it';
CREATE INDEX readings_project ON readings (project_id, id);
CREATE TRIGGER readings_append_only BEFORE DELETE OR UPDATE ON readings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER readings_no_truncate BEFORE TRUNCATE ON readings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
