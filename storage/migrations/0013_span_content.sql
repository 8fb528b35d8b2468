-- What a person says of an annotation beside its label: how severe, how certain, and what it rests on.

ALTER TABLE annotations
    ADD COLUMN severity text CHECK (severity IN ('mild', 'moderate', 'severe')),
    ADD COLUMN certainty text CHECK (certainty IN ('possible', 'probable', 'certain')),
    ADD COLUMN evidence uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(evidence) <= 64);
COMMENT ON COLUMN annotations.severity IS 'Null: nobody said';
COMMENT ON COLUMN annotations.certainty IS 'How sure the person is, not the detector (confidence); null: nobody said';
COMMENT ON COLUMN annotations.evidence IS 'Ids of annotations of the same stream that it rests on, in the order in which they were named';

-- The other direction, what rests on an annotation; hardly any row names evidence.
CREATE INDEX annotations_evidence ON annotations USING gin (evidence) WHERE evidence <> '{}';

CREATE OR REPLACE VIEW annotation_states AS
    SELECT a.id, a.stream_id, s.name AS stream_name, a.group_id, a.kind, a.label, a.channel, a.start_us, a.end_us,
           a.length_class, a.urgency, a.status, a.deleted, a.revision, a.confidence, a.figures, a.note,
           a.author_kind, a.author_name, a.author_version, a.run_id, a.origin_sample, a.ongoing, a.machine_end_us,
           a.created_us, a.updated_us, a.updated_by, a.signal_changed_us, a.severity, a.certainty, a.evidence
    FROM annotations a JOIN streams s ON s.id = a.stream_id;

CREATE OR REPLACE FUNCTION annotation_state(a annotations) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT jsonb_build_object(
        'kind', a.kind, 'label', a.label, 'channel', a.channel, 'start_us', a.start_us, 'end_us', a.end_us,
        'status', a.status, 'deleted', a.deleted, 'revision', a.revision, 'confidence', a.confidence::double precision,
        'figures', a.figures, 'note', a.note, 'ongoing', a.ongoing, 'machine_end_us', a.machine_end_us,
        'updated_us', a.updated_us, 'updated_by', a.updated_by, 'severity', a.severity, 'certainty', a.certainty,
        'evidence', to_jsonb(a.evidence)) $$;

CREATE FUNCTION whole_state(kept jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT '{"severity": null, "certainty": null, "evidence": []}'::jsonb || kept $$;
COMMENT ON FUNCTION whole_state(jsonb) IS
    'A state as a revision keeps it, with the fields that did not exist yet when it was kept; null stays null';
