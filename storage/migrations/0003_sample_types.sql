-- Samples as devices send them: int16, int32 or float32, one type for all channels of a group.

ALTER TABLE channel_groups ADD COLUMN sample_type text NOT NULL DEFAULT 'int16'
    CHECK (sample_type IN ('int16', 'int32', 'float32'));
COMMENT ON COLUMN waveform_blocks.codec IS
    '0 to 15: int16; 16, 17: int32; 18, 19: float32; even ones of these are uncompressed (signal_processing/wide_codec.py)';
COMMENT ON COLUMN waveform_blocks.envelope IS
    'little-endian of the group''s sample type, (bins, channels, 2): minimum and maximum of every 256 samples of absolute index; low > high where none is valid';
COMMENT ON COLUMN waveform_tail.payload IS
    'little-endian of the group''s sample type, (samples, channels): a run within one bin of 256 samples';
