-- Stored streams read again by a newer version of a detector.

-- Withdrawn: a machine's proposal that no person is asked about any more, because a newer version of the detector has
-- read that signal, or because a person answered the same question before.
ALTER TABLE annotations DROP CONSTRAINT annotations_status_check;
ALTER TABLE annotations ADD CONSTRAINT annotations_status_check
    CHECK (status IN ('proposed', 'confirmed', 'corrected', 'rejected', 'ambiguous', 'withdrawn'));
ALTER TABLE annotations ADD COLUMN superseded_by integer REFERENCES detector_runs (id);
ALTER TABLE annotations ADD COLUMN answered_by uuid REFERENCES annotations (id);
ALTER TABLE annotations ADD CONSTRAINT annotations_withdrawn_check
    CHECK (status <> 'withdrawn' OR superseded_by IS NOT NULL OR answered_by IS NOT NULL);
COMMENT ON COLUMN annotations.superseded_by IS 'The run of the newer version that read the same signal';
COMMENT ON COLUMN annotations.answered_by IS 'What a person decided about the same thing, said by an older version';
CREATE INDEX annotations_decided ON annotations (group_id, start_us)
    WHERE revision > 0 AND kind IN ('rhythm', 'event', 'quality');

CREATE TABLE reanalyses (
    group_id      integer NOT NULL REFERENCES channel_groups (id),
    detector      text NOT NULL,
    version       text NOT NULL,
    next_sample   bigint NOT NULL,
    state         bytea NOT NULL,
    is_done       boolean NOT NULL DEFAULT false,
    n_beats       bigint NOT NULL DEFAULT 0,
    n_proposed    bigint NOT NULL DEFAULT 0,
    n_withdrawn   bigint NOT NULL DEFAULT 0,
    n_answered    bigint NOT NULL DEFAULT 0,
    started_us    bigint NOT NULL DEFAULT now_us(),
    updated_us    bigint NOT NULL DEFAULT now_us(),
    PRIMARY KEY (group_id, detector, version)
);
ALTER TABLE reanalyses ALTER COLUMN state SET STORAGE EXTERNAL;
COMMENT ON TABLE reanalyses IS 'How far a stored group has been read again, beside the live worker''s checkpoints';
