-- One thing done to thousands of beats: its rows keep revisions of their own, and it is one thing in the history.

CREATE TABLE bulk_edits (
    id                uuid PRIMARY KEY,
    stream_id         integer NOT NULL REFERENCES streams (id),
    group_id          integer NOT NULL REFERENCES channel_groups (id),
    action            text NOT NULL CHECK (action IN ('relabel', 'delete', 'confirm', 'reject')),
    label             text,
    include_reviewed  boolean NOT NULL,
    first_sample      bigint NOT NULL,
    end_sample        bigint NOT NULL CHECK (end_sample > first_sample),
    n_given           integer NOT NULL CHECK (n_given > 0),
    n_changed         integer NOT NULL DEFAULT 0,
    n_protected       integer NOT NULL DEFAULT 0,
    n_same            integer NOT NULL DEFAULT 0,
    n_gone            integer NOT NULL DEFAULT 0,
    user_id           integer REFERENCES users (id),
    login             text NOT NULL,
    at_us             bigint NOT NULL DEFAULT now_us(),
    view              jsonb NOT NULL DEFAULT '{}',
    updated_us        bigint NOT NULL DEFAULT now_us(),
    undone_us         bigint,
    undone_by         text,
    n_changed_since   integer NOT NULL DEFAULT 0,
    CHECK ((action = 'relabel') = (label IS NOT NULL)),
    CHECK ((undone_us IS NULL) = (undone_by IS NULL))
);
COMMENT ON TABLE bulk_edits IS 'What people did to many beats at once';
COMMENT ON COLUMN bulk_edits.n_given IS 'Beats that the page gave: n_changed, n_protected, n_same and n_gone add up to it';
COMMENT ON COLUMN bulk_edits.undone_us IS 'Null while it stands; every undo and redo is a revision of each row as well';
COMMENT ON COLUMN bulk_edits.n_changed_since IS 'Rows that the newest undo or redo left alone, because they were changed meanwhile';
CREATE INDEX bulk_edits_stream ON bulk_edits (stream_id, at_us, id);

ALTER TABLE annotation_revisions ADD COLUMN bulk_id uuid REFERENCES bulk_edits (id);
COMMENT ON COLUMN annotation_revisions.bulk_id IS 'The bulk edit that it is part of; the view stands there';
CREATE INDEX annotation_revisions_bulk ON annotation_revisions (bulk_id) WHERE bulk_id IS NOT NULL;

-- Tens of thousands of touched beats are none of the spans that it finds, and each edit of one had an entry.
DROP INDEX annotations_span;
CREATE INDEX annotations_span ON annotations (stream_id, length_class, start_us)
    WHERE kind IN ('rhythm', 'event', 'quality');

CREATE FUNCTION annotation_state(a annotations) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT jsonb_build_object(
        'kind', a.kind, 'label', a.label, 'channel', a.channel, 'start_us', a.start_us, 'end_us', a.end_us,
        'status', a.status, 'deleted', a.deleted, 'revision', a.revision, 'confidence', a.confidence::double precision,
        'figures', a.figures, 'note', a.note, 'ongoing', a.ongoing, 'machine_end_us', a.machine_end_us,
        'updated_us', a.updated_us, 'updated_by', a.updated_by) $$;
COMMENT ON FUNCTION annotation_state(annotations) IS 'The full state that a revision keeps, as storage.annotation_row.state_of';
