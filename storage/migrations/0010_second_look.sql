-- What people decided before samples of it came: asked again.

CREATE INDEX annotations_second_look ON annotations (urgency DESC, start_us)
    WHERE signal_changed_us IS NOT NULL AND status IN ('confirmed', 'corrected', 'rejected', 'ambiguous') AND NOT deleted
        AND kind IN ('rhythm', 'event', 'quality');
