-- The dashboard asks for the newest of the most urgent proposals every second or two: read this one backwards.
-- Measured with 200,000 waiting: 146 ms by sorting them all.

CREATE INDEX annotations_newest ON annotations (urgency, start_us)
    WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality');
