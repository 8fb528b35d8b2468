-- Samples that come late, and ends that are announced before all samples are there.

ALTER TABLE channel_groups ADD COLUMN ends_at bigint;
COMMENT ON COLUMN channel_groups.ends_at IS 'The end as announced, noted while samples before it are awaited';
CREATE INDEX channel_groups_unfinished ON channel_groups (updated_us) WHERE ends_at IS NOT NULL AND NOT sealed;

ALTER TABLE annotations ADD COLUMN signal_changed_us bigint;
COMMENT ON COLUMN annotations.signal_changed_us IS
    'When samples within it came after it was made, so that it needs a second look; null again when a person revises it';

CREATE OR REPLACE VIEW annotation_states AS
    SELECT a.id, a.stream_id, s.name AS stream_name, a.group_id, a.kind, a.label, a.channel, a.start_us, a.end_us,
           a.length_class, a.urgency, a.status, a.deleted, a.revision, a.confidence, a.figures, a.note,
           a.author_kind, a.author_name, a.author_version, a.run_id, a.origin_sample, a.ongoing, a.machine_end_us,
           a.created_us, a.updated_us, a.updated_by, a.signal_changed_us
    FROM annotations a JOIN streams s ON s.id = a.stream_id;
