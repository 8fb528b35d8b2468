-- The tables that everything stands on. All times are bigint microseconds UTC; sample ranges are half-open.

CREATE FUNCTION now_us() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM now()) * 1000000)::bigint $$;
COMMENT ON FUNCTION now_us() IS 'Start of the transaction, microseconds UTC: the effective time of all that it writes';

CREATE FUNCTION clock_us() RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;
COMMENT ON FUNCTION clock_us() IS 'This very moment, microseconds UTC';

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END $$;

-- People -----------------------------------------------------------------------------------------------------------

CREATE TABLE users (
    id             integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    login          text NOT NULL UNIQUE CHECK (login <> ''),
    password_hash  text NOT NULL,
    role           text NOT NULL CHECK (role IN ('admin', 'reader', 'viewer')),
    disabled       boolean NOT NULL DEFAULT false,
    created_us     bigint NOT NULL DEFAULT now_us()
);

CREATE TABLE login_failures (
    id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    login    text NOT NULL,
    address  text NOT NULL,
    at_us    bigint NOT NULL DEFAULT clock_us()
);
CREATE INDEX login_failures_login ON login_failures (login, at_us);
CREATE INDEX login_failures_address ON login_failures (address, at_us);

CREATE TABLE audit_log (
    id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at_us    bigint NOT NULL DEFAULT clock_us(),
    user_id  integer REFERENCES users (id),
    login    text NOT NULL,
    action   text NOT NULL,
    subject  text NOT NULL,
    detail   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_at ON audit_log (at_us);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Catalogue --------------------------------------------------------------------------------------------------------

CREATE TABLE patients (
    id          integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    pseudonym   text NOT NULL UNIQUE CHECK (pseudonym <> ''),
    birth_year  smallint,
    sex         text CHECK (sex IN ('F', 'M', 'X'))
);

CREATE TABLE devices (
    id    integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name  text NOT NULL UNIQUE CHECK (name <> '')
);

CREATE TABLE streams (
    id          integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name        text NOT NULL UNIQUE CHECK (name <> ''),
    patient_id  integer REFERENCES patients (id),
    device_id   integer NOT NULL REFERENCES devices (id),
    t0_us       bigint NOT NULL,
    ended_us    bigint,
    synthetic   boolean NOT NULL DEFAULT false,
    note        text NOT NULL DEFAULT '',
    created_us  bigint NOT NULL DEFAULT now_us()
);
CREATE INDEX streams_patient ON streams (patient_id);

CREATE TABLE channel_groups (
    id            integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    stream_id     integer NOT NULL REFERENCES streams (id),
    name          text NOT NULL,
    fs_hz         double precision NOT NULL CHECK (fs_hz > 0),
    t0_us         bigint NOT NULL,
    cell_samples  integer NOT NULL CHECK (cell_samples > 0 AND cell_samples % 256 = 0),
    first_sample  bigint NOT NULL DEFAULT 0,
    next_sample   bigint NOT NULL DEFAULT 0 CHECK (next_sample >= first_sample),
    n_stored      bigint NOT NULL DEFAULT 0,
    sealed        boolean NOT NULL DEFAULT false,
    updated_us    bigint NOT NULL DEFAULT now_us(),
    UNIQUE (stream_id, name)
) WITH (fillfactor = 50);
COMMENT ON COLUMN channel_groups.next_sample IS 'One past the last stored sample; equal to first_sample while nothing is stored';
COMMENT ON COLUMN channel_groups.n_stored IS 'Samples that are there; less than next_sample - first_sample when there are gaps';
COMMENT ON COLUMN channel_groups.sealed IS 'The incomplete last cell stands in waveform_blocks';

CREATE TABLE signals (
    group_id  integer NOT NULL REFERENCES channel_groups (id),
    position  smallint NOT NULL,
    name      text NOT NULL,
    unit      text NOT NULL,
    gain      double precision NOT NULL CHECK (gain <> 0),
    "offset"  double precision NOT NULL,
    PRIMARY KEY (group_id, position),
    UNIQUE (group_id, name)
);

-- Samples ----------------------------------------------------------------------------------------------------------

CREATE TABLE waveform_blocks (
    group_id      integer NOT NULL REFERENCES channel_groups (id),
    n_samples     integer NOT NULL CHECK (n_samples > 0),
    start_us      bigint NOT NULL,
    start_sample  bigint NOT NULL,
    codec         smallint NOT NULL,
    envelope      bytea NOT NULL,
    payload       bytea NOT NULL,
    PRIMARY KEY (group_id, start_us)
) WITH (toast_tuple_target = 128);
-- The payload is compressed already; out of line, so that a sweep over envelopes reads a thin heap.
ALTER TABLE waveform_blocks ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE waveform_blocks ALTER COLUMN envelope SET STORAGE MAIN;
COMMENT ON COLUMN waveform_blocks.envelope IS
    'int16 little-endian (bins, channels, 2): minimum and maximum of every 256 samples of absolute index; low > high where none is valid';

CREATE TABLE waveform_tail (
    group_id      integer NOT NULL REFERENCES channel_groups (id),
    start_sample  bigint NOT NULL,
    payload       bytea NOT NULL,
    PRIMARY KEY (group_id, start_sample)
) WITH (fillfactor = 50);
COMMENT ON COLUMN waveform_tail.payload IS 'int16 little-endian (samples, channels): a run within one bin of 256 samples';

-- What machines said -----------------------------------------------------------------------------------------------

CREATE TABLE detector_runs (
    id               integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    group_id         integer NOT NULL REFERENCES channel_groups (id),
    name             text NOT NULL,
    version          text NOT NULL,
    parameters       jsonb NOT NULL,
    parameters_hash  text NOT NULL,
    created_us       bigint NOT NULL DEFAULT now_us(),
    UNIQUE (group_id, name, version, parameters_hash)
);

CREATE TABLE beat_blocks (
    run_id       integer NOT NULL REFERENCES detector_runs (id),
    cell         bigint NOT NULL,
    samples      bigint[] NOT NULL,
    numbers      smallint[] NOT NULL,
    confidences  real[] NOT NULL,
    PRIMARY KEY (run_id, cell),
    CHECK (cardinality(samples) = cardinality(numbers) AND cardinality(samples) = cardinality(confidences))
);
COMMENT ON COLUMN beat_blocks.cell IS 'Sample index divided by the group''s cell_samples';

CREATE TABLE checkpoints (
    group_id     integer NOT NULL REFERENCES channel_groups (id),
    detector     text NOT NULL,
    version      text NOT NULL,
    next_sample  bigint NOT NULL,
    state        bytea NOT NULL,
    updated_us   bigint NOT NULL DEFAULT now_us(),
    PRIMARY KEY (group_id, detector)
) WITH (fillfactor = 50);
ALTER TABLE checkpoints ALTER COLUMN state SET STORAGE EXTERNAL;

-- Labels -----------------------------------------------------------------------------------------------------------

CREATE TABLE annotations (
    id              uuid PRIMARY KEY,
    stream_id       integer NOT NULL REFERENCES streams (id),
    group_id        integer NOT NULL REFERENCES channel_groups (id),
    kind            text NOT NULL CHECK (kind IN ('beat', 'pulse', 'rhythm', 'event', 'quality')),
    label           text NOT NULL,
    channel         text,
    start_us        bigint NOT NULL,
    end_us          bigint NOT NULL CHECK (end_us >= start_us),
    length_class    smallint NOT NULL GENERATED ALWAYS AS (
                        CASE WHEN end_us - start_us <= 10000000 THEN 0
                             WHEN end_us - start_us <= 300000000 THEN 1
                             WHEN end_us - start_us <= 10800000000 THEN 2
                             ELSE 3 END) STORED,
    urgency         smallint NOT NULL,
    status          text NOT NULL CHECK (status IN ('proposed', 'confirmed', 'corrected', 'rejected', 'ambiguous')),
    deleted         boolean NOT NULL DEFAULT false,
    revision        integer NOT NULL DEFAULT 0,
    confidence      real,
    figures         jsonb NOT NULL DEFAULT '{}',
    note            text NOT NULL DEFAULT '',
    author_kind     text NOT NULL CHECK (author_kind IN ('machine', 'human')),
    author_name     text NOT NULL,
    author_version  text NOT NULL DEFAULT '',
    run_id          integer REFERENCES detector_runs (id),
    origin_sample   bigint,
    ongoing         boolean NOT NULL DEFAULT false,
    machine_end_us  bigint,
    created_us      bigint NOT NULL DEFAULT now_us(),
    updated_us      bigint NOT NULL DEFAULT now_us(),
    updated_by      text NOT NULL,
    CHECK (revision > 0 OR author_kind = 'machine')
);
COMMENT ON COLUMN annotations.revision IS '0 until a person touched it; the machine''s own extensions do not count';
COMMENT ON COLUMN annotations.origin_sample IS 'Of a machine beat that a person touched: where the machine had put it';
CREATE INDEX annotations_span ON annotations (stream_id, length_class, start_us);
CREATE INDEX annotations_queue ON annotations (urgency DESC, start_us)
    WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality');
CREATE INDEX annotations_proposed ON annotations (stream_id, start_us)
    WHERE status = 'proposed' AND NOT deleted AND kind IN ('rhythm', 'event', 'quality');
CREATE INDEX annotations_beat ON annotations (group_id, start_us) WHERE kind IN ('beat', 'pulse');
CREATE INDEX annotations_origin ON annotations (group_id, origin_sample) WHERE origin_sample IS NOT NULL;

CREATE TABLE annotation_revisions (
    annotation_id  uuid NOT NULL REFERENCES annotations (id),
    revision       integer NOT NULL CHECK (revision > 0),
    action         text NOT NULL,
    user_id        integer REFERENCES users (id),
    login          text NOT NULL,
    at_us          bigint NOT NULL DEFAULT now_us(),
    before         jsonb,
    view           jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (annotation_id, revision)
);
COMMENT ON COLUMN annotation_revisions.before IS 'The full state that this revision replaced; null when it made the row';
CREATE INDEX annotation_revisions_user ON annotation_revisions (user_id, at_us);
CREATE TRIGGER annotation_revisions_append_only BEFORE UPDATE OR DELETE ON annotation_revisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER annotation_revisions_no_truncate BEFORE TRUNCATE ON annotation_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE VIEW annotation_states AS
    SELECT a.id, a.stream_id, s.name AS stream_name, a.group_id, a.kind, a.label, a.channel, a.start_us, a.end_us,
           a.length_class, a.urgency, a.status, a.deleted, a.revision, a.confidence, a.figures, a.note,
           a.author_kind, a.author_name, a.author_version, a.run_id, a.origin_sample, a.ongoing, a.machine_end_us,
           a.created_us, a.updated_us, a.updated_by
    FROM annotations a JOIN streams s ON s.id = a.stream_id;

-- The worker -------------------------------------------------------------------------------------------------------

CREATE TABLE source_positions (
    source       text NOT NULL,
    topic        text NOT NULL,
    partition    integer NOT NULL,
    next_offset  bigint NOT NULL,
    updated_us   bigint NOT NULL DEFAULT now_us(),
    PRIMARY KEY (source, topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE worker_status (
    worker          text PRIMARY KEY,
    source          text NOT NULL,
    state           text NOT NULL,
    started_us      bigint NOT NULL,
    seen_us         bigint NOT NULL,
    lag             bigint,
    n_messages      bigint NOT NULL,
    n_samples       bigint NOT NULL,
    n_dead_letters  bigint NOT NULL,
    samples_per_s   double precision NOT NULL,
    note            text NOT NULL DEFAULT ''
) WITH (fillfactor = 50);
