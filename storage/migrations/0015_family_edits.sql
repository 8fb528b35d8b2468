-- Families of beats that people merged or split: named by beats, because the clustering may number its families anew.

CREATE TABLE family_edits (
    id            uuid PRIMARY KEY,
    stream_id     integer NOT NULL REFERENCES streams (id),
    group_id      integer NOT NULL REFERENCES channel_groups (id),
    number        integer NOT NULL CHECK (number > 0),
    action        text NOT NULL CHECK (action IN ('merge', 'split')),
    first_sample  bigint NOT NULL,
    end_sample    bigint NOT NULL CHECK (end_sample > first_sample),
    n_given       integer NOT NULL CHECK (n_given > 0),
    n_beats       integer NOT NULL CHECK (n_beats > 0),
    samples       bigint[] NOT NULL,
    part_lengths  integer[] NOT NULL,
    seen_end      bigint NOT NULL,
    user_id       integer REFERENCES users (id),
    login         text NOT NULL,
    at_us         bigint NOT NULL DEFAULT now_us(),
    view          jsonb NOT NULL DEFAULT '{}',
    updated_us    bigint NOT NULL DEFAULT now_us(),
    undone_us     bigint,
    undone_by     text,
    change        bigint NOT NULL,
    UNIQUE (group_id, number),
    CHECK ((undone_us IS NULL) = (undone_by IS NULL))
);
COMMENT ON TABLE family_edits IS 'What people did to families of beats: applied in the order of number to what the clustering says';
COMMENT ON COLUMN family_edits.number IS 'Counted in the group, under a lock';
COMMENT ON COLUMN family_edits.n_given IS 'Beats that the page gave, from first_sample to end_sample';
COMMENT ON COLUMN family_edits.n_beats IS 'Beats that it put into another family when it was made';
COMMENT ON COLUMN family_edits.samples IS 'Beats that name what it is of, part after part (signal_processing.family_edits.FamilyEdit.parts)';
COMMENT ON COLUMN family_edits.seen_end IS 'Beats before this sample were there when it was made';
COMMENT ON COLUMN family_edits.change IS 'Counts edits, undos and redos of the group: the greatest tells whether anything is new';
CREATE UNIQUE INDEX family_edits_change ON family_edits (group_id, change);

CREATE TABLE family_edit_steps (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edit_id  uuid NOT NULL REFERENCES family_edits (id),
    action   text NOT NULL CHECK (action IN ('make', 'undo', 'redo')),
    user_id  integer REFERENCES users (id),
    login    text NOT NULL,
    at_us    bigint NOT NULL DEFAULT now_us()
);
COMMENT ON TABLE family_edit_steps IS 'Who made, took back and made again which edit of families; append-only';
CREATE INDEX family_edit_steps_edit ON family_edit_steps (edit_id);
CREATE TRIGGER family_edit_steps_append_only BEFORE DELETE OR UPDATE ON family_edit_steps
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER family_edit_steps_no_truncate BEFORE TRUNCATE ON family_edit_steps
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
