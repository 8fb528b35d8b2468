-- How long samples are kept, and whether a person said something of a time.

CREATE TABLE storage_policies (
    name     text PRIMARY KEY CHECK (name IN ('retention')),
    days     integer NOT NULL CHECK (days >= 1),
    set_us   bigint NOT NULL DEFAULT now_us(),
    set_by   text NOT NULL
);

CREATE FUNCTION is_labelled(of_stream integer, from_us bigint, until_us bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$ SELECT EXISTS (SELECT FROM annotations a
                         WHERE a.stream_id = of_stream AND a.revision > 0 AND NOT a.deleted
                           AND a.start_us <= until_us AND a.end_us >= from_us) $$;
COMMENT ON FUNCTION is_labelled(integer, bigint, bigint) IS
    'A person made, confirmed, corrected or rejected something of the stream in this time';
CREATE INDEX annotations_labelled ON annotations (stream_id, start_us) WHERE revision > 0 AND NOT deleted;
