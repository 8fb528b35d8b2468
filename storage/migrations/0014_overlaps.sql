-- In exclusive layers decided spans never overlap: what an act of a person cut out of others stands in their histories.

ALTER TABLE annotation_revisions
    ADD COLUMN cause_id uuid,
    ADD COLUMN cause_revision integer,
    ADD COLUMN split_from uuid REFERENCES annotations (id),
    ADD CONSTRAINT annotation_revisions_cause_check CHECK ((cause_id IS NULL) = (cause_revision IS NULL)),
    ADD CONSTRAINT annotation_revisions_cause_fkey FOREIGN KEY (cause_id, cause_revision)
        REFERENCES annotation_revisions (annotation_id, revision);
COMMENT ON COLUMN annotation_revisions.cause_id IS
    'With cause_revision: the revision of another annotation that this one follows from; the view stands there';
COMMENT ON COLUMN annotation_revisions.split_from IS
    'Of an annotation that is the second part of another: which one; also where that is undone or done again';
CREATE INDEX annotation_revisions_cause ON annotation_revisions (cause_id, cause_revision) WHERE cause_id IS NOT NULL;
