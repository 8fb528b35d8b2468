-- A second, coarser level of the envelopes, for overviews of days. Its rows for what is stored are made by
-- storage.pyramids.fill, in this migration's transaction.

CREATE TABLE waveform_pyramid (
    group_id  integer NOT NULL REFERENCES channel_groups (id),
    span      bigint NOT NULL,
    envelope  bytea NOT NULL,
    PRIMARY KEY (group_id, span)
);
ALTER TABLE waveform_pyramid ALTER COLUMN envelope SET STORAGE MAIN;
COMMENT ON COLUMN waveform_pyramid.span IS 'Sample index divided by 65,536; there once the tail begins at or after its end';
COMMENT ON COLUMN waveform_pyramid.envelope IS
    'Little-endian of the group''s sample type, (16, channels, 2): minimum and maximum of every 4096 samples; low > high where none is valid';
