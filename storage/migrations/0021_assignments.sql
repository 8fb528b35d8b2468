-- Who is to read which item, and what becomes of an item when all have read it.

ALTER TABLE projects
    ADD COLUMN n_readers     smallint NOT NULL DEFAULT 2 CHECK (n_readers BETWEEN 1 AND 20),
    ADD COLUMN double_share  double precision NOT NULL DEFAULT 1 CHECK (double_share BETWEEN 0 AND 1),
    ADD COLUMN critical      text[] NOT NULL DEFAULT '{VT,VFIB,VFL,ASYSTOLE,PAUSE,BII}';
COMMENT ON COLUMN projects.n_readers IS 'Of an item that is read by several';
COMMENT ON COLUMN projects.double_share IS 'Share of items that are read by several; others are read by one';
COMMENT ON COLUMN projects.critical IS 'Labels of which no rule decides any difference';

ALTER TABLE reading_items
    ADD COLUMN priority   real NOT NULL DEFAULT 0,
    ADD COLUMN n_wanted   smallint NOT NULL DEFAULT 0,
    ADD COLUMN state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'disputed', 'closed')),
    ADD COLUMN why        text NOT NULL DEFAULT '',
    ADD COLUMN closed_us  bigint;
COMMENT ON COLUMN reading_items.n_wanted IS 'Readers that it was dealt out to; 0 of an item that is only imported';
COMMENT ON COLUMN reading_items.state IS 'open: somebody still reads; disputed: an adjudicator is wanted; closed: there is a consensus';
COMMENT ON COLUMN reading_items.why IS 'Of a disputed item, what its readers differ in';
CREATE INDEX reading_items_disputed ON reading_items (project_id, priority DESC, id) WHERE state = 'disputed';
CREATE INDEX reading_items_undealt ON reading_items (project_id, id) WHERE n_wanted = 0;

CREATE TABLE reading_assignments (
    item_id     bigint NOT NULL,
    reader_id   integer NOT NULL,
    project_id  integer NOT NULL,
    priority    real NOT NULL,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'claimed', 'later', 'done')),
    claimed_us  bigint,
    PRIMARY KEY (item_id, reader_id),
    FOREIGN KEY (item_id, project_id) REFERENCES reading_items (id, project_id),
    FOREIGN KEY (reader_id, project_id) REFERENCES project_readers (id, project_id)
);
COMMENT ON TABLE reading_assignments IS 'Who is to read which item; done ones have their reading';
CREATE INDEX reading_assignments_next ON reading_assignments (reader_id, priority DESC, item_id) WHERE state = 'waiting';
CREATE INDEX reading_assignments_mine ON reading_assignments (reader_id, claimed_us) WHERE state IN ('claimed', 'later');

CREATE TABLE reading_exclusions (
    reader_id  integer NOT NULL REFERENCES project_readers (id),
    stream_id  integer NOT NULL REFERENCES streams (id),
    reason     text NOT NULL DEFAULT '' CHECK (length(reason) <= 200),
    PRIMARY KEY (reader_id, stream_id)
);
COMMENT ON TABLE reading_exclusions IS 'Recordings that a reader must not be given: of a patient of theirs, for one';

CREATE TABLE adjudications (
    item_id     bigint PRIMARY KEY REFERENCES reading_items (id),
    reading_id  bigint NOT NULL REFERENCES readings (id),
    code        text NOT NULL CHECK (code ~ '^[^[:cntrl:]]{1,64}$'),
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    user_id     integer REFERENCES users (id),
    login       text NOT NULL,
    at_us       bigint NOT NULL DEFAULT now_us()
);
COMMENT ON TABLE adjudications IS 'What an adjudicator decided of a disputed item, why, and by which code of the error taxonomy; append-only';
CREATE TRIGGER adjudications_append_only BEFORE DELETE OR UPDATE ON adjudications
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER adjudications_no_truncate BEFORE TRUNCATE ON adjudications
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
