-- Whether readers read well: guidelines that they know, items whose truth is known, repeats, tests, audits; and who signs.

ALTER TABLE projects
    ADD COLUMN gold_share      double precision NOT NULL DEFAULT 0 CHECK (gold_share BETWEEN 0 AND 0.5),
    ADD COLUMN repeat_share    double precision NOT NULL DEFAULT 0 CHECK (repeat_share BETWEEN 0 AND 0.5),
    ADD COLUMN assisted_share  double precision NOT NULL DEFAULT 0 CHECK (assisted_share BETWEEN 0 AND 1),
    ADD COLUMN pass_mark       double precision CHECK (pass_mark > 0 AND pass_mark <= 1),
    ADD COLUMN qualified_days  smallint NOT NULL DEFAULT 365 CHECK (qualified_days BETWEEN 1 AND 3650),
    ADD COLUMN audit_limit     double precision CHECK (audit_limit BETWEEN 0 AND 1),
    ADD COLUMN targets         jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN codes           text[] NOT NULL DEFAULT '{N called S,N called V,S called N,S called V,V called N,V called S,F,missed,invented,bounds,rhythm,quality,guideline unclear,signal unclear,slip}';
COMMENT ON COLUMN projects.gold_share IS 'Of what a reader is given, the share whose truth is known, unknown to them';
COMMENT ON COLUMN projects.repeat_share IS 'Likewise, the share that they have read before';
COMMENT ON COLUMN projects.assisted_share IS 'Share of items that begin with what machines say of them';
COMMENT ON COLUMN projects.pass_mark IS 'Least share of right answers in the entrance test, of all and of each label; null: no test';
COMMENT ON COLUMN projects.audit_limit IS 'Greatest share of audited items that may be overturned in what is released; null: no rule';
COMMENT ON COLUMN projects.targets IS 'By label or class the least agreement: Krippendorff''s alpha of beats and answers, IoU of spans';
COMMENT ON COLUMN projects.codes IS 'Error taxonomy: by what a decision says in what readers erred; "/" parts levels of the tree';

ALTER TABLE reading_items
    ADD COLUMN kind       text NOT NULL DEFAULT 'item' CHECK (kind IN ('item', 'gold', 'entrance', 'repeat')),
    ADD COLUMN repeat     integer NOT NULL DEFAULT 0 CHECK (repeat >= 0),
    ADD COLUMN origin_id  bigint REFERENCES reading_items (id),
    ADD CHECK ((repeat > 0) = (origin_id IS NOT NULL)),
    DROP CONSTRAINT reading_items_project_id_stream_id_start_us_end_us_key,
    ADD UNIQUE (project_id, stream_id, start_us, end_us, repeat);
COMMENT ON COLUMN reading_items.kind IS 'gold and entrance: their truth is known; repeat: of one reader, who has read its origin';
COMMENT ON COLUMN reading_items.repeat IS 'A later time that the same place is read: by one reader, or in another attempt of a test';
CREATE INDEX reading_items_origin ON reading_items (origin_id) WHERE origin_id IS NOT NULL;
CREATE INDEX reading_items_kinds ON reading_items (project_id, kind) WHERE kind <> 'item';

ALTER TABLE reading_assignments
    ADD COLUMN place        double precision NOT NULL DEFAULT 0,
    ADD COLUMN is_entrance  boolean NOT NULL DEFAULT false,
    ADD COLUMN is_assisted  boolean NOT NULL DEFAULT false;
UPDATE reading_assignments SET place = item_id;
COMMENT ON COLUMN reading_assignments.place IS 'Order among items of one priority; gold and repeats stand anywhere among the others';
DROP INDEX reading_assignments_next;
CREATE INDEX reading_assignments_next ON reading_assignments (reader_id, priority DESC, place, item_id)
    WHERE state = 'waiting' AND NOT is_entrance;
DROP INDEX reading_assignments_mine;
CREATE INDEX reading_assignments_mine ON reading_assignments (reader_id, claimed_us)
    WHERE state IN ('claimed', 'later') AND NOT is_entrance;
CREATE INDEX reading_assignments_entrance ON reading_assignments (reader_id, state) WHERE is_entrance;

ALTER TABLE readings
    ADD COLUMN guideline    integer,
    ADD COLUMN seconds      real CHECK (seconds >= 0),
    ADD COLUMN is_assisted  boolean,
    ADD COLUMN view         jsonb;
COMMENT ON COLUMN readings.guideline IS 'Version of the guideline that the reader had acknowledged';
COMMENT ON COLUMN readings.seconds IS 'How long the reader looked at it';
COMMENT ON COLUMN readings.is_assisted IS 'Whether it began with what machines said';
COMMENT ON COLUMN readings.view IS 'How it was looked at when it was handed in: speed, gain, leads';

CREATE TABLE guidelines (
    project_id    integer NOT NULL REFERENCES projects (id),
    version       integer NOT NULL CHECK (version > 0),
    body          text NOT NULL CHECK (length(body) BETWEEN 1 AND 200000),
    why           text NOT NULL CHECK (length(why) BETWEEN 1 AND 500),
    user_id       integer REFERENCES users (id),
    login         text NOT NULL,
    published_us  bigint NOT NULL DEFAULT now_us(),
    PRIMARY KEY (project_id, version)
);
COMMENT ON TABLE guidelines IS 'How to read, in numbered clauses (Markdown); a version is never changed';

CREATE TABLE guideline_acknowledgements (
    project_id  integer NOT NULL,
    version     integer NOT NULL,
    user_id     integer NOT NULL REFERENCES users (id),
    at_us       bigint NOT NULL DEFAULT now_us(),
    PRIMARY KEY (project_id, user_id, version),
    FOREIGN KEY (project_id, version) REFERENCES guidelines (project_id, version)
);

CREATE TABLE qualifications (
    reader_id  integer NOT NULL REFERENCES project_readers (id),
    attempt    integer NOT NULL CHECK (attempt > 0),
    n_items    integer NOT NULL,
    n_right    integer NOT NULL CHECK (n_right BETWEEN 0 AND n_items),
    labels     jsonb NOT NULL,
    passed     boolean NOT NULL,
    at_us      bigint NOT NULL DEFAULT now_us(),
    until_us   bigint NOT NULL,
    PRIMARY KEY (reader_id, attempt)
);
COMMENT ON COLUMN qualifications.labels IS 'By label [right, all]';

CREATE TABLE audits (
    item_id     bigint PRIMARY KEY REFERENCES reading_items (id),
    project_id  integer NOT NULL REFERENCES projects (id),
    why         text NOT NULL,
    drawn_us    bigint NOT NULL DEFAULT now_us(),
    verdict     text CHECK (verdict IN ('confirmed', 'overturned')),
    reading_id  bigint REFERENCES readings (id),
    code        text CHECK (code ~ '^[^[:cntrl:]]{1,64}$'),
    reason      text CHECK (length(reason) BETWEEN 1 AND 2000),
    user_id     integer REFERENCES users (id),
    login       text,
    at_us       bigint,
    CHECK ((verdict IS NULL) = (login IS NULL) AND (verdict IS NULL) = (at_us IS NULL)),
    CHECK ((verdict IS NOT DISTINCT FROM 'overturned') = (reading_id IS NOT NULL)),
    CHECK ((reading_id IS NULL) = (code IS NULL) AND (reading_id IS NULL) = (reason IS NULL))
);
COMMENT ON TABLE audits IS 'Closed items that somebody looks at once more; what an auditor overturned has a reading of its own';
CREATE INDEX audits_waiting ON audits (project_id, item_id) WHERE verdict IS NULL;
CREATE INDEX audits_project ON audits (project_id, at_us);

CREATE TABLE release_signatures (
    project_id  integer NOT NULL,
    version     text NOT NULL,
    role        text NOT NULL,
    meaning     text NOT NULL CHECK (length(meaning) BETWEEN 1 AND 500),
    user_id     integer NOT NULL REFERENCES users (id),
    login       text NOT NULL,
    sha256      text NOT NULL,
    at_us       bigint NOT NULL DEFAULT now_us(),
    PRIMARY KEY (project_id, version, user_id),
    FOREIGN KEY (project_id, version) REFERENCES releases (project_id, version)
);
COMMENT ON COLUMN release_signatures.sha256 IS 'Of the SHA256SUMS that was signed';
ALTER TABLE releases ADD COLUMN exceptions text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN releases.exceptions IS 'What was open when an owner released it all the same, and why they did';

DO $$
    DECLARE
        name text;
    BEGIN
        FOREACH name IN ARRAY ARRAY['guidelines', 'guideline_acknowledgements', 'qualifications', 'release_signatures'] LOOP
            EXECUTE format('CREATE TRIGGER %I BEFORE DELETE OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()',
                           name || '_append_only', name);
            EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                           name || '_no_truncate', name);
        END LOOP;
    END $$;

-- A decided audit stays as it is.
CREATE FUNCTION refuse_change_of_decided() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN
        IF OLD.verdict IS NOT NULL OR TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'rows of % must not be changed once decided', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER audits_decided_once BEFORE DELETE OR UPDATE ON audits FOR EACH ROW EXECUTE FUNCTION refuse_change_of_decided();
