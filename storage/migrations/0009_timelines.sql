-- What a worker knows of a device's restarts and clocks. Not columns of channel_groups: its row is written with each
-- batch, and would carry the state along each time.

CREATE TABLE timelines (
    group_id          integer PRIMARY KEY REFERENCES channel_groups (id),
    state             bytea NOT NULL,
    n_restarts        integer NOT NULL,
    offset_ms         double precision,
    drift_ppm         double precision,
    sample_drift_ppm  double precision,
    updated_us        bigint NOT NULL DEFAULT now_us()
);
ALTER TABLE timelines ALTER COLUMN state SET STORAGE EXTERNAL;
COMMENT ON TABLE timelines IS 'Where the runs of a device lie in a channel group, and its clocks';
COMMENT ON COLUMN timelines.offset_ms IS 'The server''s clock less the device''s, the shortest way of a message included';
COMMENT ON COLUMN timelines.drift_ppm IS 'The device''s clock against the server''s, positive when it is fast';
COMMENT ON COLUMN timelines.sample_drift_ppm IS 'The device''s sampling against its own clock, positive when it is fast';
