-- Each message moves `updated_us` of its group, and a column of any index, however few rows that holds, keeps the server
-- from updating in place: every index of the table got another entry a message.

DROP INDEX channel_groups_unfinished;
CREATE INDEX channel_groups_unfinished ON channel_groups (id) WHERE ends_at IS NOT NULL AND NOT sealed;
