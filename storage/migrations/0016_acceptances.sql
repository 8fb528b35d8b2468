-- Proposals of a range accepted at once: one more thing done to many, beside that to beats of a group.

ALTER TABLE bulk_edits
    ADD COLUMN target text NOT NULL DEFAULT 'beats' CHECK (target IN ('beats', 'proposals')),
    ADD COLUMN start_us bigint,
    ADD COLUMN end_us bigint,
    ADD COLUMN min_confidence double precision,
    ADD COLUMN include_emergent boolean NOT NULL DEFAULT false,
    ADD COLUMN n_emergent integer NOT NULL DEFAULT 0,
    ADD COLUMN n_unsure integer NOT NULL DEFAULT 0,
    ADD COLUMN n_ongoing integer NOT NULL DEFAULT 0,
    ADD COLUMN n_overlapping integer NOT NULL DEFAULT 0,
    ALTER COLUMN group_id DROP NOT NULL,
    ALTER COLUMN first_sample DROP NOT NULL,
    ALTER COLUMN end_sample DROP NOT NULL,
    DROP CONSTRAINT bulk_edits_n_given_check,
    DROP CONSTRAINT bulk_edits_check1,
    ADD CONSTRAINT bulk_edits_of_beats CHECK (target <> 'beats' OR (
        group_id IS NOT NULL AND first_sample IS NOT NULL AND end_sample IS NOT NULL AND n_given > 0
        AND (action = 'relabel') = (label IS NOT NULL))),
    ADD CONSTRAINT bulk_edits_of_proposals CHECK (target <> 'proposals' OR (
        action = 'confirm' AND start_us IS NOT NULL AND end_us IS NOT NULL AND end_us >= start_us
        AND min_confidence IS NOT NULL AND min_confidence BETWEEN 0 AND 1));
COMMENT ON TABLE bulk_edits IS 'What people did to many beats of a group, or to many proposals of a stream, at once';
COMMENT ON COLUMN bulk_edits.n_given IS 'Beats that the page gave, or proposals that lie in the range: the counts of what became of them add up to it';
COMMENT ON COLUMN bulk_edits.label IS 'Of beats the new one; of proposals the one that was accepted, null for all';

-- What a proposal would become. Immutable, so that it is inlined; compared as real, in which confidences are stored.
CREATE FUNCTION acceptance_fate(a annotations, at_least real, with_emergent boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN a.ongoing THEN 'ongoing'
                      WHEN a.urgency >= 3 AND NOT with_emergent THEN 'emergent'
                      WHEN coalesce(a.confidence, 0) < at_least THEN 'unsure'
                      ELSE 'accepted' END $$;
COMMENT ON FUNCTION acceptance_fate(annotations, real, boolean) IS 'accepted, or why an acceptance of many leaves the proposal: ongoing, emergent, unsure';
