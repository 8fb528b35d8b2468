-- One edit of 20,000 beats writes as many rows and revisions: what all of them refer to is looked up once.

-- A group is of one stream, so that both are one reference; before, a row could name a stream that its group is not of.
ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_of_stream UNIQUE (id, stream_id);
ALTER TABLE annotations
    ADD CONSTRAINT annotations_group_of_stream_fkey FOREIGN KEY (group_id, stream_id)
        REFERENCES channel_groups (id, stream_id),
    DROP CONSTRAINT annotations_group_id_fkey,
    DROP CONSTRAINT annotations_stream_id_fkey;

-- The user of a statement's revisions is one, or a few: checked by the statement, and kept because users never go.
CREATE FUNCTION check_revision_users() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        IF EXISTS (SELECT FROM (SELECT DISTINCT user_id FROM made WHERE user_id IS NOT NULL) named
                   WHERE NOT EXISTS (SELECT FROM users WHERE users.id = named.user_id)) THEN
            RAISE foreign_key_violation USING MESSAGE = 'a revision must be of a user that exists';
        END IF;
        RETURN NULL;
    END $$;
ALTER TABLE annotation_revisions DROP CONSTRAINT annotation_revisions_user_id_fkey;
CREATE TRIGGER annotation_revisions_users AFTER INSERT ON annotation_revisions
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION check_revision_users();
CREATE FUNCTION refuse_to_forget() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        RAISE restrict_violation USING MESSAGE = 'users are disabled, never deleted: their edits name them';
    END $$;
CREATE TRIGGER users_stay BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION refuse_to_forget();
CREATE TRIGGER users_stay_all BEFORE TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_forget();
