-- Until when a project is to be read.

ALTER TABLE projects ADD COLUMN due_us bigint CHECK (due_us > 0);
COMMENT ON COLUMN projects.due_us IS 'Readers are told; nothing closes by itself';
