CREATE OR REPLACE FUNCTION acceptance_fate(a annotations, at_least real, with_emergent boolean)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT CASE WHEN a.ongoing THEN 'ongoing'
                      WHEN a.urgency >= 3 AND NOT with_emergent THEN 'emergent'
                      WHEN coalesce(a.confidence, 0) < at_least THEN 'unsure'
                      ELSE 'accepted' END $function$;

CREATE OR REPLACE FUNCTION annotation_state(a annotations)
 RETURNS jsonb
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ SELECT jsonb_build_object(
        'kind', a.kind, 'label', a.label, 'channel', a.channel, 'start_us', a.start_us, 'end_us', a.end_us,
        'status', a.status, 'deleted', a.deleted, 'revision', a.revision, 'confidence', a.confidence::double precision,
        'figures', a.figures, 'note', a.note, 'ongoing', a.ongoing, 'machine_end_us', a.machine_end_us,
        'updated_us', a.updated_us, 'updated_by', a.updated_by, 'severity', a.severity, 'certainty', a.certainty,
        'evidence', to_jsonb(a.evidence)) $function$;

CREATE OR REPLACE FUNCTION annotation_text(a annotations)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ SELECT jsonb_build_array(a.id, a.stream_id, a.group_id, a.revision, a.kind, a.label, a.channel, a.start_us, a.end_us,
                                   a.status, a.deleted, a.note, a.severity, a.certainty, to_jsonb(a.evidence))::text $function$;

CREATE OR REPLACE FUNCTION audit_text(seq bigint, at_us bigint, user_id integer, login text, action text, subject text, detail jsonb)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ SELECT jsonb_build_array(seq, at_us, user_id, login, action, subject, detail)::text $function$;

CREATE OR REPLACE FUNCTION chain_audit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ DECLARE
        before bytea;
    BEGIN
        INSERT INTO audit_head (seq, hash) VALUES (1, '')
        ON CONFLICT (id) DO UPDATE SET seq = audit_head.seq + 1 RETURNING seq, hash INTO NEW.seq, before;
        NEW.hash := sha256(before || convert_to(audit_text(NEW.seq, NEW.at_us, NEW.user_id, NEW.login, NEW.action,
                                                           NEW.subject, NEW.detail), 'UTF8'));
        UPDATE audit_head SET hash = NEW.hash;
        RETURN NEW;
    END $function$;

CREATE OR REPLACE FUNCTION check_revision_users()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN
        IF EXISTS (SELECT FROM (SELECT DISTINCT user_id FROM made WHERE user_id IS NOT NULL) named
                   WHERE NOT EXISTS (SELECT FROM users WHERE users.id = named.user_id)) THEN
            RAISE foreign_key_violation USING MESSAGE = 'a revision must be of a user that exists';
        END IF;
        RETURN NULL;
    END $function$;

CREATE OR REPLACE FUNCTION check_role_of_audit()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN
        IF NEW.verdict IS NOT NULL THEN
            PERFORM refuse_without_role(NEW.project_id, NEW.user_id, 'auditor', 'an audit');
        END IF;
        RETURN NEW;
    END $function$;

CREATE OR REPLACE FUNCTION check_role_of_owner()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN
        IF NOT EXISTS (SELECT FROM users WHERE id = NEW.user_id AND role = 'admin' AND NOT disabled) THEN
            PERFORM refuse_without_role(NEW.project_id, NEW.user_id, 'owner', 'a row of ' || TG_TABLE_NAME);
        END IF;
        RETURN NEW;
    END $function$;

CREATE OR REPLACE FUNCTION check_role_of_reading()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ DECLARE
        r project_readers;
    BEGIN
        SELECT * INTO r FROM project_readers WHERE id = NEW.reader_id;
        IF r.kind = 'person' THEN
            IF NEW.user_id IS DISTINCT FROM r.user_id THEN
                RAISE EXCEPTION 'a reading must be handed in by its reader, person %, got %', r.user_id, NEW.user_id
                    USING ERRCODE = 'restrict_violation';
            END IF;
            PERFORM refuse_without_role(NEW.project_id, NEW.user_id, 'reader', 'a reading');
        ELSIF r.kind = 'consensus' THEN
            PERFORM refuse_without_role(NEW.project_id, NEW.user_id,
                                        CASE r.name WHEN 'audit' THEN 'auditor' WHEN 'gold' THEN 'owner' ELSE 'adjudicator' END,
                                        'a decision');
        END IF;
        RETURN NEW;
    END $function$;

CREATE OR REPLACE FUNCTION check_role_of_signature()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN
        PERFORM refuse_without_role(NEW.project_id, NEW.user_id, NEW.role, 'a signature');
        RETURN NEW;
    END $function$;

CREATE OR REPLACE FUNCTION clock_us()
 RETURNS bigint
 LANGUAGE sql
 PARALLEL SAFE
AS $function$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $function$;

CREATE OR REPLACE FUNCTION holds_role(project integer, person integer, wanted text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$ SELECT EXISTS (SELECT FROM project_members m JOIN users u ON u.id = m.user_id AND NOT u.disabled
                         WHERE m.project_id = project AND m.user_id = person AND m.role = wanted) $function$;

CREATE OR REPLACE FUNCTION is_labelled(of_stream integer, from_us bigint, until_us bigint)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$ SELECT EXISTS (SELECT FROM annotations a
                         WHERE a.stream_id = of_stream AND a.revision > 0 AND NOT a.deleted
                           AND a.start_us <= until_us AND a.end_us >= from_us) $function$;

CREATE OR REPLACE FUNCTION make_waveform_partitions(days bigint[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '5s'
AS $function$ DECLARE
        day bigint;
        name text;
    BEGIN
        PERFORM pg_advisory_xact_lock(7244, hashtext('waveform partitions'));
        FOREACH day IN ARRAY days LOOP
            name := waveform_partition_name(day);
            CONTINUE WHEN to_regclass(name) IS NOT NULL;
            -- made beside and attached: CREATE TABLE .. PARTITION OF would wait for every reader and writer
            EXECUTE format('CREATE TABLE %I (LIKE waveform_blocks INCLUDING DEFAULTS INCLUDING CONSTRAINTS
                            INCLUDING STORAGE INCLUDING INDEXES) WITH (toast_tuple_target = 128)', name);
            EXECUTE format('ALTER TABLE waveform_blocks ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                           name, day * 86400000000, (day + 1) * 86400000000);
        END LOOP;
    END $function$;

CREATE OR REPLACE FUNCTION missing_waveform_days(days bigint[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_class WHERE oid = 'waveform_blocks'::regclass AND relkind = 'p') THEN
            RETURN '{}';
        END IF;
        LOCK TABLE waveform_blocks IN ROW EXCLUSIVE MODE;
        RETURN coalesce((SELECT array_agg(day ORDER BY day) FROM unnest(days) AS day
                         WHERE to_regclass(waveform_partition_name(day)) IS NULL), '{}');
    END $function$;

CREATE OR REPLACE FUNCTION now_us()
 RETURNS bigint
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ SELECT (extract(epoch FROM now()) * 1000000)::bigint $function$;

CREATE OR REPLACE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END $function$;

CREATE OR REPLACE FUNCTION refuse_change_of_decided()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN
        IF OLD.verdict IS NOT NULL OR TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'rows of % must not be changed once decided', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $function$;

CREATE OR REPLACE FUNCTION refuse_to_forget()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN
        RAISE restrict_violation USING MESSAGE = 'users are disabled, never deleted: their edits name them';
    END $function$;

CREATE OR REPLACE FUNCTION refuse_without_role(project integer, person integer, wanted text, what text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
AS $function$ BEGIN
        IF person IS NOT NULL AND NOT holds_role(project, person, wanted) THEN
            RAISE EXCEPTION '% must be by somebody who is % of the project, person % is not', what, wanted, person
                USING ERRCODE = 'restrict_violation';
        END IF;
    END $function$;

CREATE OR REPLACE FUNCTION revision_text(r annotation_revisions)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ SELECT jsonb_build_array(r.annotation_id, r.revision, r.action, r.user_id, r.login, r.at_us, r.before, r.view,
                                   r.bulk_id, r.cause_id, r.cause_revision, r.split_from)::text $function$;

CREATE OR REPLACE FUNCTION seal_revisions()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ BEGIN
        INSERT INTO revision_seals (annotation_id, revision, hash, state_hash)
        SELECT m.annotation_id, m.revision,
               sha256(coalesce(p.hash, '') || convert_to(revision_text(m), 'UTF8') || coalesce(s.hash, '')), s.hash
        FROM made m
        LEFT JOIN revision_seals p ON p.annotation_id = m.annotation_id AND p.revision = m.revision - 1
        LEFT JOIN LATERAL (SELECT sha256(convert_to(annotation_text(a), 'UTF8')) AS hash FROM annotations a
                           WHERE a.id = m.annotation_id AND a.revision = m.revision) s ON true
        ORDER BY m.annotation_id, m.revision;
        RETURN NULL;
    END $function$;

CREATE OR REPLACE FUNCTION see_waveform_partitions(days bigint[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ DECLARE
        day bigint;
    BEGIN
        FOREACH day IN ARRAY days LOOP
            EXECUTE format('LOCK TABLE %I IN ROW EXCLUSIVE MODE', waveform_partition_name(day));
        END LOOP;
    END $function$;

CREATE OR REPLACE FUNCTION waveform_partition_name(day bigint)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$ SELECT 'waveform_blocks_' || to_char(date '1970-01-01' + day::integer, 'YYYYMMDD') $function$;

CREATE OR REPLACE FUNCTION whole_state(kept jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT '{"severity": null, "certainty": null, "evidence": []}'::jsonb || kept $function$;

CREATE TABLE adjudications (
    item_id bigint NOT NULL,
    reading_id bigint NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    user_id integer,
    login text NOT NULL,
    at_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE annotation_revisions (
    annotation_id uuid NOT NULL,
    revision integer NOT NULL,
    action text NOT NULL,
    user_id integer,
    login text NOT NULL,
    at_us bigint DEFAULT now_us() NOT NULL,
    before jsonb,
    view jsonb DEFAULT '{}'::jsonb NOT NULL,
    bulk_id uuid,
    cause_id uuid,
    cause_revision integer,
    split_from uuid
);

CREATE TABLE annotations (
    id uuid NOT NULL,
    stream_id integer NOT NULL,
    group_id integer NOT NULL,
    kind text NOT NULL,
    label text NOT NULL,
    channel text,
    start_us bigint NOT NULL,
    end_us bigint NOT NULL,
    length_class smallint GENERATED ALWAYS AS (
CASE
    WHEN ((end_us - start_us) <= 10000000) THEN 0
    WHEN ((end_us - start_us) <= 300000000) THEN 1
    WHEN ((end_us - start_us) <= '10800000000'::bigint) THEN 2
    ELSE 3
END) STORED NOT NULL,
    urgency smallint NOT NULL,
    status text NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    confidence real,
    figures jsonb DEFAULT '{}'::jsonb NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    author_kind text NOT NULL,
    author_name text NOT NULL,
    author_version text DEFAULT ''::text NOT NULL,
    run_id integer,
    origin_sample bigint,
    ongoing boolean DEFAULT false NOT NULL,
    machine_end_us bigint,
    created_us bigint DEFAULT now_us() NOT NULL,
    updated_us bigint DEFAULT now_us() NOT NULL,
    updated_by text NOT NULL,
    superseded_by integer,
    answered_by uuid,
    signal_changed_us bigint,
    severity text,
    certainty text,
    evidence uuid[] DEFAULT '{}'::uuid[] NOT NULL
);

CREATE TABLE audit_head (
    id smallint DEFAULT 1 NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at_us bigint DEFAULT clock_us() NOT NULL,
    user_id integer,
    login text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE audits (
    item_id bigint NOT NULL,
    project_id integer NOT NULL,
    why text NOT NULL,
    drawn_us bigint DEFAULT now_us() NOT NULL,
    verdict text,
    reading_id bigint,
    code text,
    reason text,
    user_id integer,
    login text,
    at_us bigint
);

CREATE TABLE beat_blocks (
    run_id integer NOT NULL,
    cell bigint NOT NULL,
    samples bigint[] NOT NULL,
    numbers smallint[] NOT NULL,
    confidences real[] NOT NULL
);

CREATE TABLE bulk_edits (
    id uuid NOT NULL,
    stream_id integer NOT NULL,
    group_id integer,
    action text NOT NULL,
    label text,
    include_reviewed boolean NOT NULL,
    first_sample bigint,
    end_sample bigint,
    n_given integer NOT NULL,
    n_changed integer DEFAULT 0 NOT NULL,
    n_protected integer DEFAULT 0 NOT NULL,
    n_same integer DEFAULT 0 NOT NULL,
    n_gone integer DEFAULT 0 NOT NULL,
    user_id integer,
    login text NOT NULL,
    at_us bigint DEFAULT now_us() NOT NULL,
    view jsonb DEFAULT '{}'::jsonb NOT NULL,
    updated_us bigint DEFAULT now_us() NOT NULL,
    undone_us bigint,
    undone_by text,
    n_changed_since integer DEFAULT 0 NOT NULL,
    target text DEFAULT 'beats'::text NOT NULL,
    start_us bigint,
    end_us bigint,
    min_confidence double precision,
    include_emergent boolean DEFAULT false NOT NULL,
    n_emergent integer DEFAULT 0 NOT NULL,
    n_unsure integer DEFAULT 0 NOT NULL,
    n_ongoing integer DEFAULT 0 NOT NULL,
    n_overlapping integer DEFAULT 0 NOT NULL
);

CREATE TABLE channel_groups (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    stream_id integer NOT NULL,
    name text NOT NULL,
    fs_hz double precision NOT NULL,
    t0_us bigint NOT NULL,
    cell_samples integer NOT NULL,
    first_sample bigint DEFAULT 0 NOT NULL,
    next_sample bigint DEFAULT 0 NOT NULL,
    n_stored bigint DEFAULT 0 NOT NULL,
    sealed boolean DEFAULT false NOT NULL,
    updated_us bigint DEFAULT now_us() NOT NULL,
    sample_type text DEFAULT 'int16'::text NOT NULL,
    ends_at bigint
) WITH (fillfactor=50);

CREATE TABLE checkpoints (
    group_id integer NOT NULL,
    detector text NOT NULL,
    version text NOT NULL,
    next_sample bigint NOT NULL,
    state bytea NOT NULL STORAGE EXTERNAL,
    updated_us bigint DEFAULT now_us() NOT NULL
) WITH (fillfactor=50);

CREATE TABLE detector_runs (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    group_id integer NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    parameters jsonb NOT NULL,
    parameters_hash text NOT NULL,
    created_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE devices (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    name text NOT NULL
);

CREATE TABLE family_edit_steps (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    edit_id uuid NOT NULL,
    action text NOT NULL,
    user_id integer,
    login text NOT NULL,
    at_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE family_edits (
    id uuid NOT NULL,
    stream_id integer NOT NULL,
    group_id integer NOT NULL,
    number integer NOT NULL,
    action text NOT NULL,
    first_sample bigint NOT NULL,
    end_sample bigint NOT NULL,
    n_given integer NOT NULL,
    n_beats integer NOT NULL,
    samples bigint[] NOT NULL,
    part_lengths integer[] NOT NULL,
    seen_end bigint NOT NULL,
    user_id integer,
    login text NOT NULL,
    at_us bigint DEFAULT now_us() NOT NULL,
    view jsonb DEFAULT '{}'::jsonb NOT NULL,
    updated_us bigint DEFAULT now_us() NOT NULL,
    undone_us bigint,
    undone_by text,
    change bigint NOT NULL
);

CREATE TABLE guideline_acknowledgements (
    project_id integer NOT NULL,
    version integer NOT NULL,
    user_id integer NOT NULL,
    at_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE guidelines (
    project_id integer NOT NULL,
    version integer NOT NULL,
    body text NOT NULL,
    why text NOT NULL,
    user_id integer,
    login text NOT NULL,
    published_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE invitations (
    token_hash bytea NOT NULL,
    login text NOT NULL,
    role text NOT NULL,
    created_by text NOT NULL,
    created_us bigint DEFAULT clock_us() NOT NULL,
    expires_us bigint NOT NULL,
    used_us bigint
);

CREATE TABLE login_failures (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    login text NOT NULL,
    address text NOT NULL,
    at_us bigint DEFAULT clock_us() NOT NULL
);

CREATE TABLE patients (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    pseudonym text NOT NULL,
    birth_year smallint,
    sex text
);

CREATE TABLE project_members (
    project_id integer NOT NULL,
    user_id integer NOT NULL,
    role text NOT NULL,
    since_us bigint DEFAULT now_us() NOT NULL,
    added_by text NOT NULL
);

CREATE TABLE project_readers (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    project_id integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    user_id integer
);

CREATE TABLE projects (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    tolerance_us bigint DEFAULT 150000 NOT NULL,
    created_us bigint DEFAULT now_us() NOT NULL,
    created_by text NOT NULL,
    n_readers smallint DEFAULT 2 NOT NULL,
    double_share double precision DEFAULT 1 NOT NULL,
    critical text[] DEFAULT '{VT,VFIB,VFL,ASYSTOLE,PAUSE,BII}'::text[] NOT NULL,
    gold_share double precision DEFAULT 0 NOT NULL,
    repeat_share double precision DEFAULT 0 NOT NULL,
    assisted_share double precision DEFAULT 0 NOT NULL,
    pass_mark double precision,
    qualified_days smallint DEFAULT 365 NOT NULL,
    audit_limit double precision,
    targets jsonb DEFAULT '{}'::jsonb NOT NULL,
    codes text[] DEFAULT '{"N called S","N called V","S called N","S called V","V called N","V called S",F,missed,invented,bounds,rhythm,quality,"guideline unclear","signal unclear",slip}'::text[] NOT NULL,
    due_us bigint
);

CREATE TABLE qualifications (
    reader_id integer NOT NULL,
    attempt integer NOT NULL,
    n_items integer NOT NULL,
    n_right integer NOT NULL,
    labels jsonb NOT NULL,
    passed boolean NOT NULL,
    at_us bigint DEFAULT now_us() NOT NULL,
    until_us bigint NOT NULL
);

CREATE TABLE reading_assignments (
    item_id bigint NOT NULL,
    reader_id integer NOT NULL,
    project_id integer NOT NULL,
    priority real NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    claimed_us bigint,
    place double precision DEFAULT 0 NOT NULL,
    is_entrance boolean DEFAULT false NOT NULL,
    is_assisted boolean DEFAULT false NOT NULL
);

CREATE TABLE reading_exclusions (
    reader_id integer NOT NULL,
    stream_id integer NOT NULL,
    reason text DEFAULT ''::text NOT NULL
);

CREATE TABLE reading_items (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    project_id integer NOT NULL,
    stream_id integer NOT NULL,
    start_us bigint NOT NULL,
    end_us bigint NOT NULL,
    created_us bigint DEFAULT now_us() NOT NULL,
    priority real DEFAULT 0 NOT NULL,
    n_wanted smallint DEFAULT 0 NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    why text DEFAULT ''::text NOT NULL,
    closed_us bigint,
    kind text DEFAULT 'item'::text NOT NULL,
    repeat integer DEFAULT 0 NOT NULL,
    origin_id bigint
);

CREATE TABLE readings (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    project_id integer NOT NULL,
    item_id bigint NOT NULL,
    reader_id integer NOT NULL,
    answer text NOT NULL,
    starts_us bigint[] NOT NULL,
    ends_us bigint[] NOT NULL,
    names text[] NOT NULL,
    codes smallint[] NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    user_id integer,
    login text NOT NULL,
    submitted_us bigint DEFAULT now_us() NOT NULL,
    guideline integer,
    seconds real,
    is_assisted boolean,
    view jsonb
);

CREATE TABLE reanalyses (
    group_id integer NOT NULL,
    detector text NOT NULL,
    version text NOT NULL,
    next_sample bigint NOT NULL,
    state bytea NOT NULL STORAGE EXTERNAL,
    is_done boolean DEFAULT false NOT NULL,
    n_beats bigint DEFAULT 0 NOT NULL,
    n_proposed bigint DEFAULT 0 NOT NULL,
    n_withdrawn bigint DEFAULT 0 NOT NULL,
    n_answered bigint DEFAULT 0 NOT NULL,
    started_us bigint DEFAULT now_us() NOT NULL,
    updated_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE release_signatures (
    project_id integer NOT NULL,
    version text NOT NULL,
    role text NOT NULL,
    meaning text NOT NULL,
    user_id integer NOT NULL,
    login text NOT NULL,
    sha256 text NOT NULL,
    at_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE releases (
    project_id integer NOT NULL,
    version text NOT NULL,
    sha256 text NOT NULL,
    n_records integer NOT NULL,
    n_patients integer NOT NULL,
    accepted text[] DEFAULT '{}'::text[] NOT NULL,
    user_id integer,
    login text NOT NULL,
    created_us bigint DEFAULT now_us() NOT NULL,
    exceptions text[] DEFAULT '{}'::text[] NOT NULL
);

CREATE TABLE revision_seals (
    annotation_id uuid NOT NULL,
    revision integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    hash bytea NOT NULL,
    state_hash bytea
);

CREATE TABLE schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_us bigint DEFAULT ((EXTRACT(epoch FROM now()) * (1000000)::numeric))::bigint NOT NULL
);

CREATE TABLE signals (
    group_id integer NOT NULL,
    "position" smallint NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    gain double precision NOT NULL,
    "offset" double precision NOT NULL
);

CREATE TABLE source_positions (
    source text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    updated_us bigint DEFAULT now_us() NOT NULL
) WITH (fillfactor=50);

CREATE TABLE storage_policies (
    name text NOT NULL,
    days integer NOT NULL,
    set_us bigint DEFAULT now_us() NOT NULL,
    set_by text NOT NULL
);

CREATE TABLE streams (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    name text NOT NULL,
    patient_id integer,
    device_id integer NOT NULL,
    t0_us bigint NOT NULL,
    ended_us bigint,
    synthetic boolean DEFAULT false NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    created_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE timelines (
    group_id integer NOT NULL,
    state bytea NOT NULL STORAGE EXTERNAL,
    n_restarts integer NOT NULL,
    offset_ms double precision,
    drift_ppm double precision,
    sample_drift_ppm double precision,
    updated_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE user_sessions (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    user_id integer NOT NULL,
    token_hash bytea NOT NULL,
    address text NOT NULL,
    agent text DEFAULT ''::text NOT NULL,
    began_us bigint DEFAULT clock_us() NOT NULL,
    seen_us bigint DEFAULT clock_us() NOT NULL,
    ended_us bigint
);

CREATE TABLE users (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    login text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    disabled boolean DEFAULT false NOT NULL,
    created_us bigint DEFAULT now_us() NOT NULL
);

CREATE TABLE waveform_blocks (
    group_id integer NOT NULL,
    n_samples integer NOT NULL,
    start_us bigint NOT NULL,
    start_sample bigint NOT NULL,
    codec smallint NOT NULL,
    envelope bytea NOT NULL STORAGE MAIN,
    payload bytea NOT NULL STORAGE EXTERNAL
);

CREATE TABLE waveform_pyramid (
    group_id integer NOT NULL,
    span bigint NOT NULL,
    envelope bytea NOT NULL STORAGE MAIN
);

CREATE TABLE waveform_tail (
    group_id integer NOT NULL,
    start_sample bigint NOT NULL,
    payload bytea NOT NULL
) WITH (fillfactor=50);

CREATE TABLE worker_status (
    worker text NOT NULL,
    source text NOT NULL,
    state text NOT NULL,
    started_us bigint NOT NULL,
    seen_us bigint NOT NULL,
    lag bigint,
    n_messages bigint NOT NULL,
    n_samples bigint NOT NULL,
    n_dead_letters bigint NOT NULL,
    samples_per_s double precision NOT NULL,
    note text DEFAULT ''::text NOT NULL
) WITH (fillfactor=50);

ALTER TABLE adjudications ADD CONSTRAINT adjudications_code_check CHECK ((code ~ '^[^[:cntrl:]]{1,64}$'::text));

ALTER TABLE adjudications ADD CONSTRAINT adjudications_item_id_fkey FOREIGN KEY (item_id) REFERENCES reading_items(id);

ALTER TABLE adjudications ADD CONSTRAINT adjudications_pkey PRIMARY KEY (item_id);

ALTER TABLE adjudications ADD CONSTRAINT adjudications_reading_id_fkey FOREIGN KEY (reading_id) REFERENCES readings(id);

ALTER TABLE adjudications ADD CONSTRAINT adjudications_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 2000)));

ALTER TABLE adjudications ADD CONSTRAINT adjudications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE annotation_revisions ADD CONSTRAINT annotation_revisions_annotation_id_fkey FOREIGN KEY (annotation_id) REFERENCES annotations(id);

ALTER TABLE annotation_revisions ADD CONSTRAINT annotation_revisions_bulk_id_fkey FOREIGN KEY (bulk_id) REFERENCES bulk_edits(id);

ALTER TABLE annotation_revisions ADD CONSTRAINT annotation_revisions_cause_check CHECK (((cause_id IS NULL) = (cause_revision IS NULL)));

ALTER TABLE annotation_revisions ADD CONSTRAINT annotation_revisions_cause_fkey FOREIGN KEY (cause_id, cause_revision) REFERENCES annotation_revisions(annotation_id, revision);

ALTER TABLE annotation_revisions ADD CONSTRAINT annotation_revisions_pkey PRIMARY KEY (annotation_id, revision);

ALTER TABLE annotation_revisions ADD CONSTRAINT annotation_revisions_revision_check CHECK ((revision > 0));

ALTER TABLE annotation_revisions ADD CONSTRAINT annotation_revisions_split_from_fkey FOREIGN KEY (split_from) REFERENCES annotations(id);

ALTER TABLE annotations ADD CONSTRAINT annotations_answered_by_fkey FOREIGN KEY (answered_by) REFERENCES annotations(id);

ALTER TABLE annotations ADD CONSTRAINT annotations_author_kind_check CHECK ((author_kind = ANY (ARRAY['machine'::text, 'human'::text])));

ALTER TABLE annotations ADD CONSTRAINT annotations_certainty_check CHECK ((certainty = ANY (ARRAY['possible'::text, 'probable'::text, 'certain'::text])));

ALTER TABLE annotations ADD CONSTRAINT annotations_check CHECK ((end_us >= start_us));

ALTER TABLE annotations ADD CONSTRAINT annotations_check1 CHECK (((revision > 0) OR (author_kind = 'machine'::text)));

ALTER TABLE annotations ADD CONSTRAINT annotations_evidence_check CHECK ((cardinality(evidence) <= 64));

ALTER TABLE annotations ADD CONSTRAINT annotations_group_of_stream_fkey FOREIGN KEY (group_id, stream_id) REFERENCES channel_groups(id, stream_id);

ALTER TABLE annotations ADD CONSTRAINT annotations_kind_check CHECK ((kind = ANY (ARRAY['beat'::text, 'pulse'::text, 'rhythm'::text, 'event'::text, 'quality'::text])));

ALTER TABLE annotations ADD CONSTRAINT annotations_pkey PRIMARY KEY (id);

ALTER TABLE annotations ADD CONSTRAINT annotations_run_id_fkey FOREIGN KEY (run_id) REFERENCES detector_runs(id);

ALTER TABLE annotations ADD CONSTRAINT annotations_severity_check CHECK ((severity = ANY (ARRAY['mild'::text, 'moderate'::text, 'severe'::text])));

ALTER TABLE annotations ADD CONSTRAINT annotations_status_check CHECK ((status = ANY (ARRAY['proposed'::text, 'confirmed'::text, 'corrected'::text, 'rejected'::text, 'ambiguous'::text, 'withdrawn'::text])));

ALTER TABLE annotations ADD CONSTRAINT annotations_superseded_by_fkey FOREIGN KEY (superseded_by) REFERENCES detector_runs(id);

ALTER TABLE annotations ADD CONSTRAINT annotations_withdrawn_check CHECK (((status <> 'withdrawn'::text) OR (superseded_by IS NOT NULL) OR (answered_by IS NOT NULL)));

ALTER TABLE audit_head ADD CONSTRAINT audit_head_id_check CHECK ((id = 1));

ALTER TABLE audit_head ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);

ALTER TABLE audit_log ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE audit_log ADD CONSTRAINT audit_log_seq_key UNIQUE (seq);

ALTER TABLE audit_log ADD CONSTRAINT audit_log_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE audits ADD CONSTRAINT audits_check CHECK ((((verdict IS NULL) = (login IS NULL)) AND ((verdict IS NULL) = (at_us IS NULL))));

ALTER TABLE audits ADD CONSTRAINT audits_check1 CHECK (((NOT (verdict IS DISTINCT FROM 'overturned'::text)) = (reading_id IS NOT NULL)));

ALTER TABLE audits ADD CONSTRAINT audits_check2 CHECK ((((reading_id IS NULL) = (code IS NULL)) AND ((reading_id IS NULL) = (reason IS NULL))));

ALTER TABLE audits ADD CONSTRAINT audits_code_check CHECK ((code ~ '^[^[:cntrl:]]{1,64}$'::text));

ALTER TABLE audits ADD CONSTRAINT audits_item_id_fkey FOREIGN KEY (item_id) REFERENCES reading_items(id);

ALTER TABLE audits ADD CONSTRAINT audits_pkey PRIMARY KEY (item_id);

ALTER TABLE audits ADD CONSTRAINT audits_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id);

ALTER TABLE audits ADD CONSTRAINT audits_reading_id_fkey FOREIGN KEY (reading_id) REFERENCES readings(id);

ALTER TABLE audits ADD CONSTRAINT audits_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 2000)));

ALTER TABLE audits ADD CONSTRAINT audits_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE audits ADD CONSTRAINT audits_verdict_check CHECK ((verdict = ANY (ARRAY['confirmed'::text, 'overturned'::text])));

ALTER TABLE beat_blocks ADD CONSTRAINT beat_blocks_check CHECK (((cardinality(samples) = cardinality(numbers)) AND (cardinality(samples) = cardinality(confidences))));

ALTER TABLE beat_blocks ADD CONSTRAINT beat_blocks_pkey PRIMARY KEY (run_id, cell);

ALTER TABLE beat_blocks ADD CONSTRAINT beat_blocks_run_id_fkey FOREIGN KEY (run_id) REFERENCES detector_runs(id);

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_action_check CHECK ((action = ANY (ARRAY['relabel'::text, 'delete'::text, 'confirm'::text, 'reject'::text])));

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_check CHECK ((end_sample > first_sample));

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_check2 CHECK (((undone_us IS NULL) = (undone_by IS NULL)));

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_of_beats CHECK (((target <> 'beats'::text) OR ((group_id IS NOT NULL) AND (first_sample IS NOT NULL) AND (end_sample IS NOT NULL) AND (n_given > 0) AND ((action = 'relabel'::text) = (label IS NOT NULL)))));

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_of_proposals CHECK (((target <> 'proposals'::text) OR ((action = 'confirm'::text) AND (start_us IS NOT NULL) AND (end_us IS NOT NULL) AND (end_us >= start_us) AND (min_confidence IS NOT NULL) AND ((min_confidence >= (0)::double precision) AND (min_confidence <= (1)::double precision)))));

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_pkey PRIMARY KEY (id);

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(id);

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_target_check CHECK ((target = ANY (ARRAY['beats'::text, 'proposals'::text])));

ALTER TABLE bulk_edits ADD CONSTRAINT bulk_edits_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_cell_samples_check CHECK (((cell_samples > 0) AND ((cell_samples % 256) = 0)));

ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_check CHECK ((next_sample >= first_sample));

ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_fs_hz_check CHECK ((fs_hz > (0)::double precision));

ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_of_stream UNIQUE (id, stream_id);

ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_pkey PRIMARY KEY (id);

ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_sample_type_check CHECK ((sample_type = ANY (ARRAY['int16'::text, 'int32'::text, 'float32'::text])));

ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(id);

ALTER TABLE channel_groups ADD CONSTRAINT channel_groups_stream_id_name_key UNIQUE (stream_id, name);

ALTER TABLE checkpoints ADD CONSTRAINT checkpoints_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE checkpoints ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (group_id, detector);

ALTER TABLE detector_runs ADD CONSTRAINT detector_runs_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE detector_runs ADD CONSTRAINT detector_runs_group_id_name_version_parameters_hash_key UNIQUE (group_id, name, version, parameters_hash);

ALTER TABLE detector_runs ADD CONSTRAINT detector_runs_pkey PRIMARY KEY (id);

ALTER TABLE devices ADD CONSTRAINT devices_name_check CHECK ((name <> ''::text));

ALTER TABLE devices ADD CONSTRAINT devices_name_key UNIQUE (name);

ALTER TABLE devices ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

ALTER TABLE family_edit_steps ADD CONSTRAINT family_edit_steps_action_check CHECK ((action = ANY (ARRAY['make'::text, 'undo'::text, 'redo'::text])));

ALTER TABLE family_edit_steps ADD CONSTRAINT family_edit_steps_edit_id_fkey FOREIGN KEY (edit_id) REFERENCES family_edits(id);

ALTER TABLE family_edit_steps ADD CONSTRAINT family_edit_steps_pkey PRIMARY KEY (id);

ALTER TABLE family_edit_steps ADD CONSTRAINT family_edit_steps_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE family_edits ADD CONSTRAINT family_edits_action_check CHECK ((action = ANY (ARRAY['merge'::text, 'split'::text])));

ALTER TABLE family_edits ADD CONSTRAINT family_edits_check CHECK ((end_sample > first_sample));

ALTER TABLE family_edits ADD CONSTRAINT family_edits_check1 CHECK (((undone_us IS NULL) = (undone_by IS NULL)));

ALTER TABLE family_edits ADD CONSTRAINT family_edits_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE family_edits ADD CONSTRAINT family_edits_group_id_number_key UNIQUE (group_id, number);

ALTER TABLE family_edits ADD CONSTRAINT family_edits_n_beats_check CHECK ((n_beats > 0));

ALTER TABLE family_edits ADD CONSTRAINT family_edits_n_given_check CHECK ((n_given > 0));

ALTER TABLE family_edits ADD CONSTRAINT family_edits_number_check CHECK ((number > 0));

ALTER TABLE family_edits ADD CONSTRAINT family_edits_pkey PRIMARY KEY (id);

ALTER TABLE family_edits ADD CONSTRAINT family_edits_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(id);

ALTER TABLE family_edits ADD CONSTRAINT family_edits_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE guideline_acknowledgements ADD CONSTRAINT guideline_acknowledgements_pkey PRIMARY KEY (project_id, user_id, version);

ALTER TABLE guideline_acknowledgements ADD CONSTRAINT guideline_acknowledgements_project_id_version_fkey FOREIGN KEY (project_id, version) REFERENCES guidelines(project_id, version);

ALTER TABLE guideline_acknowledgements ADD CONSTRAINT guideline_acknowledgements_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE guidelines ADD CONSTRAINT guidelines_body_check CHECK (((length(body) >= 1) AND (length(body) <= 200000)));

ALTER TABLE guidelines ADD CONSTRAINT guidelines_pkey PRIMARY KEY (project_id, version);

ALTER TABLE guidelines ADD CONSTRAINT guidelines_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id);

ALTER TABLE guidelines ADD CONSTRAINT guidelines_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE guidelines ADD CONSTRAINT guidelines_version_check CHECK ((version > 0));

ALTER TABLE guidelines ADD CONSTRAINT guidelines_why_check CHECK (((length(why) >= 1) AND (length(why) <= 500)));

ALTER TABLE invitations ADD CONSTRAINT invitations_login_check CHECK ((login <> ''::text));

ALTER TABLE invitations ADD CONSTRAINT invitations_pkey PRIMARY KEY (token_hash);

ALTER TABLE invitations ADD CONSTRAINT invitations_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'reader'::text, 'viewer'::text])));

ALTER TABLE login_failures ADD CONSTRAINT login_failures_pkey PRIMARY KEY (id);

ALTER TABLE patients ADD CONSTRAINT patients_pkey PRIMARY KEY (id);

ALTER TABLE patients ADD CONSTRAINT patients_pseudonym_check CHECK ((pseudonym <> ''::text));

ALTER TABLE patients ADD CONSTRAINT patients_pseudonym_key UNIQUE (pseudonym);

ALTER TABLE patients ADD CONSTRAINT patients_sex_check CHECK ((sex = ANY (ARRAY['F'::text, 'M'::text, 'X'::text])));

ALTER TABLE project_members ADD CONSTRAINT project_members_pkey PRIMARY KEY (project_id, user_id, role);

ALTER TABLE project_members ADD CONSTRAINT project_members_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id);

ALTER TABLE project_members ADD CONSTRAINT project_members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'adjudicator'::text, 'reader'::text, 'auditor'::text, 'monitor'::text, 'researcher'::text])));

ALTER TABLE project_members ADD CONSTRAINT project_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE project_readers ADD CONSTRAINT project_readers_check CHECK (((kind = 'person'::text) = (user_id IS NOT NULL)));

ALTER TABLE project_readers ADD CONSTRAINT project_readers_id_project_id_key UNIQUE (id, project_id);

ALTER TABLE project_readers ADD CONSTRAINT project_readers_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'imported'::text, 'machine'::text, 'consensus'::text])));

ALTER TABLE project_readers ADD CONSTRAINT project_readers_name_check CHECK ((name ~ '^[^[:cntrl:]]{1,64}$'::text));

ALTER TABLE project_readers ADD CONSTRAINT project_readers_pkey PRIMARY KEY (id);

ALTER TABLE project_readers ADD CONSTRAINT project_readers_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id);

ALTER TABLE project_readers ADD CONSTRAINT project_readers_project_id_name_key UNIQUE (project_id, name);

ALTER TABLE project_readers ADD CONSTRAINT project_readers_project_id_user_id_key UNIQUE (project_id, user_id);

ALTER TABLE project_readers ADD CONSTRAINT project_readers_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE projects ADD CONSTRAINT projects_assisted_share_check CHECK (((assisted_share >= (0)::double precision) AND (assisted_share <= (1)::double precision)));

ALTER TABLE projects ADD CONSTRAINT projects_audit_limit_check CHECK (((audit_limit >= (0)::double precision) AND (audit_limit <= (1)::double precision)));

ALTER TABLE projects ADD CONSTRAINT projects_description_check CHECK ((length(description) <= 2000));

ALTER TABLE projects ADD CONSTRAINT projects_double_share_check CHECK (((double_share >= (0)::double precision) AND (double_share <= (1)::double precision)));

ALTER TABLE projects ADD CONSTRAINT projects_due_us_check CHECK ((due_us > 0));

ALTER TABLE projects ADD CONSTRAINT projects_gold_share_check CHECK (((gold_share >= (0)::double precision) AND (gold_share <= (0.5)::double precision)));

ALTER TABLE projects ADD CONSTRAINT projects_n_readers_check CHECK (((n_readers >= 1) AND (n_readers <= 20)));

ALTER TABLE projects ADD CONSTRAINT projects_name_check CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'::text));

ALTER TABLE projects ADD CONSTRAINT projects_name_key UNIQUE (name);

ALTER TABLE projects ADD CONSTRAINT projects_pass_mark_check CHECK (((pass_mark > (0)::double precision) AND (pass_mark <= (1)::double precision)));

ALTER TABLE projects ADD CONSTRAINT projects_pkey PRIMARY KEY (id);

ALTER TABLE projects ADD CONSTRAINT projects_qualified_days_check CHECK (((qualified_days >= 1) AND (qualified_days <= 3650)));

ALTER TABLE projects ADD CONSTRAINT projects_repeat_share_check CHECK (((repeat_share >= (0)::double precision) AND (repeat_share <= (0.5)::double precision)));

ALTER TABLE projects ADD CONSTRAINT projects_tolerance_us_check CHECK (((tolerance_us >= 0) AND (tolerance_us <= 10000000)));

ALTER TABLE qualifications ADD CONSTRAINT qualifications_attempt_check CHECK ((attempt > 0));

ALTER TABLE qualifications ADD CONSTRAINT qualifications_check CHECK (((n_right >= 0) AND (n_right <= n_items)));

ALTER TABLE qualifications ADD CONSTRAINT qualifications_pkey PRIMARY KEY (reader_id, attempt);

ALTER TABLE qualifications ADD CONSTRAINT qualifications_reader_id_fkey FOREIGN KEY (reader_id) REFERENCES project_readers(id);

ALTER TABLE reading_assignments ADD CONSTRAINT reading_assignments_item_id_project_id_fkey FOREIGN KEY (item_id, project_id) REFERENCES reading_items(id, project_id);

ALTER TABLE reading_assignments ADD CONSTRAINT reading_assignments_pkey PRIMARY KEY (item_id, reader_id);

ALTER TABLE reading_assignments ADD CONSTRAINT reading_assignments_reader_id_project_id_fkey FOREIGN KEY (reader_id, project_id) REFERENCES project_readers(id, project_id);

ALTER TABLE reading_assignments ADD CONSTRAINT reading_assignments_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'claimed'::text, 'later'::text, 'done'::text])));

ALTER TABLE reading_exclusions ADD CONSTRAINT reading_exclusions_pkey PRIMARY KEY (reader_id, stream_id);

ALTER TABLE reading_exclusions ADD CONSTRAINT reading_exclusions_reader_id_fkey FOREIGN KEY (reader_id) REFERENCES project_readers(id);

ALTER TABLE reading_exclusions ADD CONSTRAINT reading_exclusions_reason_check CHECK ((length(reason) <= 200));

ALTER TABLE reading_exclusions ADD CONSTRAINT reading_exclusions_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(id);

ALTER TABLE reading_items ADD CONSTRAINT reading_items_check CHECK ((end_us > start_us));

ALTER TABLE reading_items ADD CONSTRAINT reading_items_check1 CHECK (((repeat > 0) = (origin_id IS NOT NULL)));

ALTER TABLE reading_items ADD CONSTRAINT reading_items_id_project_id_key UNIQUE (id, project_id);

ALTER TABLE reading_items ADD CONSTRAINT reading_items_kind_check CHECK ((kind = ANY (ARRAY['item'::text, 'gold'::text, 'entrance'::text, 'repeat'::text])));

ALTER TABLE reading_items ADD CONSTRAINT reading_items_origin_id_fkey FOREIGN KEY (origin_id) REFERENCES reading_items(id);

ALTER TABLE reading_items ADD CONSTRAINT reading_items_pkey PRIMARY KEY (id);

ALTER TABLE reading_items ADD CONSTRAINT reading_items_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id);

ALTER TABLE reading_items ADD CONSTRAINT reading_items_project_id_stream_id_start_us_end_us_repeat_key UNIQUE (project_id, stream_id, start_us, end_us, repeat);

ALTER TABLE reading_items ADD CONSTRAINT reading_items_repeat_check CHECK ((repeat >= 0));

ALTER TABLE reading_items ADD CONSTRAINT reading_items_state_check CHECK ((state = ANY (ARRAY['open'::text, 'disputed'::text, 'closed'::text])));

ALTER TABLE reading_items ADD CONSTRAINT reading_items_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(id);

ALTER TABLE readings ADD CONSTRAINT readings_answer_check CHECK ((answer = ANY (ARRAY['read'::text, 'ambiguous'::text, 'unreadable'::text])));

ALTER TABLE readings ADD CONSTRAINT readings_check CHECK (((cardinality(starts_us) = cardinality(ends_us)) AND (cardinality(starts_us) = cardinality(codes))));

ALTER TABLE readings ADD CONSTRAINT readings_check1 CHECK (((answer = 'read'::text) OR (cardinality(starts_us) = 0)));

ALTER TABLE readings ADD CONSTRAINT readings_item_id_project_id_fkey FOREIGN KEY (item_id, project_id) REFERENCES reading_items(id, project_id);

ALTER TABLE readings ADD CONSTRAINT readings_item_id_reader_id_key UNIQUE (item_id, reader_id);

ALTER TABLE readings ADD CONSTRAINT readings_pkey PRIMARY KEY (id);

ALTER TABLE readings ADD CONSTRAINT readings_reader_id_project_id_fkey FOREIGN KEY (reader_id, project_id) REFERENCES project_readers(id, project_id);

ALTER TABLE readings ADD CONSTRAINT readings_seconds_check CHECK ((seconds >= (0)::double precision));

ALTER TABLE readings ADD CONSTRAINT readings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE reanalyses ADD CONSTRAINT reanalyses_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE reanalyses ADD CONSTRAINT reanalyses_pkey PRIMARY KEY (group_id, detector, version);

ALTER TABLE release_signatures ADD CONSTRAINT release_signatures_meaning_check CHECK (((length(meaning) >= 1) AND (length(meaning) <= 500)));

ALTER TABLE release_signatures ADD CONSTRAINT release_signatures_pkey PRIMARY KEY (project_id, version, user_id);

ALTER TABLE release_signatures ADD CONSTRAINT release_signatures_project_id_version_fkey FOREIGN KEY (project_id, version) REFERENCES releases(project_id, version);

ALTER TABLE release_signatures ADD CONSTRAINT release_signatures_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE releases ADD CONSTRAINT releases_n_patients_check CHECK ((n_patients > 0));

ALTER TABLE releases ADD CONSTRAINT releases_n_records_check CHECK ((n_records > 0));

ALTER TABLE releases ADD CONSTRAINT releases_pkey PRIMARY KEY (project_id, version);

ALTER TABLE releases ADD CONSTRAINT releases_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id);

ALTER TABLE releases ADD CONSTRAINT releases_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text));

ALTER TABLE releases ADD CONSTRAINT releases_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE releases ADD CONSTRAINT releases_version_check CHECK ((version ~ '^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$'::text));

ALTER TABLE revision_seals ADD CONSTRAINT revision_seals_pkey PRIMARY KEY (annotation_id, revision);

ALTER TABLE schema_migrations ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE signals ADD CONSTRAINT signals_gain_check CHECK ((gain <> (0)::double precision));

ALTER TABLE signals ADD CONSTRAINT signals_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE signals ADD CONSTRAINT signals_group_id_name_key UNIQUE (group_id, name);

ALTER TABLE signals ADD CONSTRAINT signals_pkey PRIMARY KEY (group_id, "position");

ALTER TABLE source_positions ADD CONSTRAINT source_positions_pkey PRIMARY KEY (source, topic, partition);

ALTER TABLE storage_policies ADD CONSTRAINT storage_policies_days_check CHECK ((days >= 1));

ALTER TABLE storage_policies ADD CONSTRAINT storage_policies_name_check CHECK ((name = 'retention'::text));

ALTER TABLE storage_policies ADD CONSTRAINT storage_policies_pkey PRIMARY KEY (name);

ALTER TABLE streams ADD CONSTRAINT streams_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id);

ALTER TABLE streams ADD CONSTRAINT streams_name_check CHECK ((name <> ''::text));

ALTER TABLE streams ADD CONSTRAINT streams_name_key UNIQUE (name);

ALTER TABLE streams ADD CONSTRAINT streams_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES patients(id);

ALTER TABLE streams ADD CONSTRAINT streams_pkey PRIMARY KEY (id);

ALTER TABLE timelines ADD CONSTRAINT timelines_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE timelines ADD CONSTRAINT timelines_pkey PRIMARY KEY (group_id);

ALTER TABLE user_sessions ADD CONSTRAINT user_sessions_agent_check CHECK ((length(agent) <= 200));

ALTER TABLE user_sessions ADD CONSTRAINT user_sessions_pkey PRIMARY KEY (id);

ALTER TABLE user_sessions ADD CONSTRAINT user_sessions_token_hash_key UNIQUE (token_hash);

ALTER TABLE user_sessions ADD CONSTRAINT user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE users ADD CONSTRAINT users_login_check CHECK ((login <> ''::text));

ALTER TABLE users ADD CONSTRAINT users_login_key UNIQUE (login);

ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE users ADD CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'reader'::text, 'viewer'::text])));

ALTER TABLE waveform_blocks ADD CONSTRAINT waveform_blocks_n_samples_check CHECK ((n_samples > 0));

ALTER TABLE waveform_blocks ADD CONSTRAINT waveform_blocks_pkey PRIMARY KEY (group_id, start_us);

ALTER TABLE waveform_pyramid ADD CONSTRAINT waveform_pyramid_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE waveform_pyramid ADD CONSTRAINT waveform_pyramid_pkey PRIMARY KEY (group_id, span);

ALTER TABLE waveform_tail ADD CONSTRAINT waveform_tail_group_id_fkey FOREIGN KEY (group_id) REFERENCES channel_groups(id);

ALTER TABLE waveform_tail ADD CONSTRAINT waveform_tail_pkey PRIMARY KEY (group_id, start_sample);

ALTER TABLE worker_status ADD CONSTRAINT worker_status_pkey PRIMARY KEY (worker);

CREATE INDEX annotation_revisions_bulk ON annotation_revisions USING btree (bulk_id) WHERE (bulk_id IS NOT NULL);

CREATE INDEX annotation_revisions_cause ON annotation_revisions USING btree (cause_id, cause_revision) WHERE (cause_id IS NOT NULL);

CREATE INDEX annotation_revisions_user ON annotation_revisions USING btree (user_id, at_us);

CREATE INDEX annotations_beat ON annotations USING btree (group_id, start_us) WHERE (kind = ANY (ARRAY['beat'::text, 'pulse'::text]));

CREATE INDEX annotations_decided ON annotations USING btree (group_id, start_us) WHERE ((revision > 0) AND (kind = ANY (ARRAY['rhythm'::text, 'event'::text, 'quality'::text])));

CREATE INDEX annotations_evidence ON annotations USING gin (evidence) WHERE (evidence <> '{}'::uuid[]);

CREATE INDEX annotations_labelled ON annotations USING btree (stream_id, start_us) WHERE ((revision > 0) AND (NOT deleted));

CREATE INDEX annotations_newest ON annotations USING btree (urgency, start_us) WHERE ((status = 'proposed'::text) AND (NOT deleted) AND (kind = ANY (ARRAY['rhythm'::text, 'event'::text, 'quality'::text])));

CREATE INDEX annotations_origin ON annotations USING btree (group_id, origin_sample) WHERE (origin_sample IS NOT NULL);

CREATE INDEX annotations_proposed ON annotations USING btree (stream_id, start_us) WHERE ((status = 'proposed'::text) AND (NOT deleted) AND (kind = ANY (ARRAY['rhythm'::text, 'event'::text, 'quality'::text])));

CREATE INDEX annotations_queue ON annotations USING btree (urgency DESC, start_us) WHERE ((status = 'proposed'::text) AND (NOT deleted) AND (kind = ANY (ARRAY['rhythm'::text, 'event'::text, 'quality'::text])));

CREATE INDEX annotations_second_look ON annotations USING btree (urgency DESC, start_us) WHERE ((signal_changed_us IS NOT NULL) AND (status = ANY (ARRAY['confirmed'::text, 'corrected'::text, 'rejected'::text, 'ambiguous'::text])) AND (NOT deleted) AND (kind = ANY (ARRAY['rhythm'::text, 'event'::text, 'quality'::text])));

CREATE INDEX annotations_span ON annotations USING btree (stream_id, length_class, start_us) WHERE (kind = ANY (ARRAY['rhythm'::text, 'event'::text, 'quality'::text]));

CREATE INDEX audit_log_at ON audit_log USING btree (at_us);

CREATE INDEX audits_project ON audits USING btree (project_id, at_us);

CREATE INDEX audits_waiting ON audits USING btree (project_id, item_id) WHERE (verdict IS NULL);

CREATE INDEX bulk_edits_stream ON bulk_edits USING btree (stream_id, at_us, id);

CREATE INDEX channel_groups_unfinished ON channel_groups USING btree (id) WHERE ((ends_at IS NOT NULL) AND (NOT sealed));

CREATE INDEX family_edit_steps_edit ON family_edit_steps USING btree (edit_id);

CREATE UNIQUE INDEX family_edits_change ON family_edits USING btree (group_id, change);

CREATE INDEX login_failures_address ON login_failures USING btree (address, at_us);

CREATE INDEX login_failures_login ON login_failures USING btree (login, at_us);

CREATE INDEX project_members_user ON project_members USING btree (user_id);

CREATE INDEX reading_assignments_entrance ON reading_assignments USING btree (reader_id, state) WHERE is_entrance;

CREATE INDEX reading_assignments_mine ON reading_assignments USING btree (reader_id, claimed_us) WHERE ((state = ANY (ARRAY['claimed'::text, 'later'::text])) AND (NOT is_entrance));

CREATE INDEX reading_assignments_next ON reading_assignments USING btree (reader_id, priority DESC, place, item_id) WHERE ((state = 'waiting'::text) AND (NOT is_entrance));

CREATE INDEX reading_items_disputed ON reading_items USING btree (project_id, priority DESC, id) WHERE (state = 'disputed'::text);

CREATE INDEX reading_items_kinds ON reading_items USING btree (project_id, kind) WHERE (kind <> 'item'::text);

CREATE INDEX reading_items_origin ON reading_items USING btree (origin_id) WHERE (origin_id IS NOT NULL);

CREATE INDEX reading_items_stream ON reading_items USING btree (stream_id);

CREATE INDEX reading_items_undealt ON reading_items USING btree (project_id, id) WHERE (n_wanted = 0);

CREATE INDEX readings_project ON readings USING btree (project_id, id);

CREATE INDEX streams_patient ON streams USING btree (patient_id);

CREATE INDEX user_sessions_user ON user_sessions USING btree (user_id, began_us);

CREATE TRIGGER adjudications_append_only BEFORE DELETE OR UPDATE ON adjudications FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER adjudications_no_truncate BEFORE TRUNCATE ON adjudications FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER annotation_revisions_append_only BEFORE DELETE OR UPDATE ON annotation_revisions FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER annotation_revisions_no_truncate BEFORE TRUNCATE ON annotation_revisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER annotation_revisions_seals AFTER INSERT ON annotation_revisions REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION seal_revisions();

CREATE TRIGGER annotation_revisions_users AFTER INSERT ON annotation_revisions REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION check_revision_users();

CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION chain_audit();

CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audits_decided_once BEFORE DELETE OR UPDATE ON audits FOR EACH ROW EXECUTE FUNCTION refuse_change_of_decided();

CREATE TRIGGER audits_role BEFORE INSERT OR UPDATE ON audits FOR EACH ROW EXECUTE FUNCTION check_role_of_audit();

CREATE TRIGGER family_edit_steps_append_only BEFORE DELETE OR UPDATE ON family_edit_steps FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER family_edit_steps_no_truncate BEFORE TRUNCATE ON family_edit_steps FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER guideline_acknowledgements_append_only BEFORE DELETE OR UPDATE ON guideline_acknowledgements FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER guideline_acknowledgements_no_truncate BEFORE TRUNCATE ON guideline_acknowledgements FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER guidelines_append_only BEFORE DELETE OR UPDATE ON guidelines FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER guidelines_no_truncate BEFORE TRUNCATE ON guidelines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER guidelines_role BEFORE INSERT ON guidelines FOR EACH ROW EXECUTE FUNCTION check_role_of_owner();

CREATE TRIGGER qualifications_append_only BEFORE DELETE OR UPDATE ON qualifications FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER qualifications_no_truncate BEFORE TRUNCATE ON qualifications FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER readings_append_only BEFORE DELETE OR UPDATE ON readings FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER readings_no_truncate BEFORE TRUNCATE ON readings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER readings_role BEFORE INSERT ON readings FOR EACH ROW EXECUTE FUNCTION check_role_of_reading();

CREATE TRIGGER release_signatures_append_only BEFORE DELETE OR UPDATE ON release_signatures FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER release_signatures_no_truncate BEFORE TRUNCATE ON release_signatures FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER release_signatures_role BEFORE INSERT ON release_signatures FOR EACH ROW EXECUTE FUNCTION check_role_of_signature();

CREATE TRIGGER releases_append_only BEFORE DELETE OR UPDATE ON releases FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER releases_no_truncate BEFORE TRUNCATE ON releases FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER releases_role BEFORE INSERT ON releases FOR EACH ROW EXECUTE FUNCTION check_role_of_owner();

CREATE TRIGGER revision_seals_append_only BEFORE DELETE OR UPDATE ON revision_seals FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER revision_seals_no_truncate BEFORE TRUNCATE ON revision_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER users_stay BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION refuse_to_forget();

CREATE TRIGGER users_stay_all BEFORE TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_forget();

CREATE VIEW annotation_states AS SELECT id uuid, stream_id integer, stream_name text, group_id integer, kind text, label text, channel text, start_us bigint, end_us bigint, length_class smallint, urgency smallint, status text, deleted boolean, revision integer, confidence real, figures jsonb, note text, author_kind text, author_name text, author_version text, run_id integer, origin_sample bigint, ongoing boolean, machine_end_us bigint, created_us bigint, updated_us bigint, updated_by text, signal_changed_us bigint, severity text, certainty text, evidence uuid[];

COMMENT ON TABLE adjudications IS 'What an adjudicator decided of a disputed item, why, and by which code of the error taxonomy; append-only';

COMMENT ON COLUMN annotation_revisions.before IS 'The full state that this revision replaced; null when it made the row';

COMMENT ON COLUMN annotation_revisions.bulk_id IS 'The bulk edit that it is part of; the view stands there';

COMMENT ON COLUMN annotation_revisions.cause_id IS 'With cause_revision: the revision of another annotation that this one follows from; the view stands there';

COMMENT ON COLUMN annotation_revisions.split_from IS 'Of an annotation that is the second part of another: which one; also where that is undone or done again';

COMMENT ON COLUMN annotations.revision IS '0 until a person touched it; the machine''s own extensions do not count';

COMMENT ON COLUMN annotations.origin_sample IS 'Of a machine beat that a person touched: where the machine had put it';

COMMENT ON COLUMN annotations.superseded_by IS 'The run of the newer version that read the same signal';

COMMENT ON COLUMN annotations.answered_by IS 'What a person decided about the same thing, said by an older version';

COMMENT ON COLUMN annotations.signal_changed_us IS 'When samples within it came after it was made, so that it needs a second look; null again when a person revises it';

COMMENT ON COLUMN annotations.severity IS 'Null: nobody said';

COMMENT ON COLUMN annotations.certainty IS 'How sure the person is, not the detector (confidence); null: nobody said';

COMMENT ON COLUMN annotations.evidence IS 'Ids of annotations of the same stream that it rests on, in the order in which they were named';

COMMENT ON TABLE audit_head IS 'The newest entry of audit_log: one row, whose lock puts entries in order';

COMMENT ON COLUMN audit_log.seq IS 'From 1, without a gap, in the order of the chain; id may have gaps';

COMMENT ON COLUMN audit_log.hash IS 'SHA-256 of the hash before and of audit_text';

COMMENT ON TABLE audits IS 'Closed items that somebody looks at once more; what an auditor overturned has a reading of its own';

COMMENT ON COLUMN beat_blocks.cell IS 'Sample index divided by the group''s cell_samples';

COMMENT ON TABLE bulk_edits IS 'What people did to many beats of a group, or to many proposals of a stream, at once';

COMMENT ON COLUMN bulk_edits.label IS 'Of beats the new one; of proposals the one that was accepted, null for all';

COMMENT ON COLUMN bulk_edits.n_given IS 'Beats that the page gave, or proposals that lie in the range: the counts of what became of them add up to it';

COMMENT ON COLUMN bulk_edits.undone_us IS 'Null while it stands; every undo and redo is a revision of each row as well';

COMMENT ON COLUMN bulk_edits.n_changed_since IS 'Rows that the newest undo or redo left alone, because they were changed meanwhile';

COMMENT ON COLUMN channel_groups.next_sample IS 'One past the last stored sample; equal to first_sample while nothing is stored';

COMMENT ON COLUMN channel_groups.n_stored IS 'Samples that are there; less than next_sample - first_sample when there are gaps';

COMMENT ON COLUMN channel_groups.sealed IS 'The incomplete last cell stands in waveform_blocks';

COMMENT ON COLUMN channel_groups.ends_at IS 'The end as announced, noted while samples before it are awaited';

COMMENT ON TABLE family_edit_steps IS 'Who made, took back and made again which edit of families; append-only';

COMMENT ON TABLE family_edits IS 'What people did to families of beats: applied in the order of number to what the clustering says';

COMMENT ON COLUMN family_edits.number IS 'Counted in the group, under a lock';

COMMENT ON COLUMN family_edits.n_given IS 'Beats that the page gave, from first_sample to end_sample';

COMMENT ON COLUMN family_edits.n_beats IS 'Beats that it put into another family when it was made';

COMMENT ON COLUMN family_edits.samples IS 'Beats that name what it is of, part after part (signal_processing.family_edits.FamilyEdit.parts)';

COMMENT ON COLUMN family_edits.seen_end IS 'Beats before this sample were there when it was made';

COMMENT ON COLUMN family_edits.change IS 'Counts edits, undos and redos of the group: the greatest tells whether anything is new';

COMMENT ON TABLE guidelines IS 'How to read, in numbered clauses (Markdown); a version is never changed';

COMMENT ON TABLE invitations IS 'Whoever has the token chooses the password of that login, once, until it expires';

COMMENT ON TABLE project_members IS 'What a person may do in a project; a person may hold several roles';

COMMENT ON TABLE project_readers IS 'Who reads in a project, by the name that results show: of a person a pseudonym, never the login';

COMMENT ON COLUMN projects.tolerance_us IS 'How far apart two readers may mark one beat or landmark';

COMMENT ON COLUMN projects.n_readers IS 'Of an item that is read by several';

COMMENT ON COLUMN projects.double_share IS 'Share of items that are read by several; others are read by one';

COMMENT ON COLUMN projects.critical IS 'Labels of which no rule decides any difference';

COMMENT ON COLUMN projects.gold_share IS 'Of what a reader is given, the share whose truth is known, unknown to them';

COMMENT ON COLUMN projects.repeat_share IS 'Likewise, the share that they have read before';

COMMENT ON COLUMN projects.assisted_share IS 'Share of items that begin with what machines say of them';

COMMENT ON COLUMN projects.pass_mark IS 'Least share of right answers in the entrance test, of all and of each label; null: no test';

COMMENT ON COLUMN projects.audit_limit IS 'Greatest share of audited items that may be overturned in what is released; null: no rule';

COMMENT ON COLUMN projects.targets IS 'By label or class the least agreement: Krippendorff''s alpha of beats and answers, IoU of spans';

COMMENT ON COLUMN projects.codes IS 'Error taxonomy: by what a decision says in what readers erred; "/" parts levels of the tree';

COMMENT ON COLUMN projects.due_us IS 'Readers are told; nothing closes by itself';

COMMENT ON COLUMN qualifications.labels IS 'By label [right, all]';

COMMENT ON TABLE reading_assignments IS 'Who is to read which item; done ones have their reading';

COMMENT ON COLUMN reading_assignments.place IS 'Order among items of one priority; gold and repeats stand anywhere among the others';

COMMENT ON TABLE reading_exclusions IS 'Recordings that a reader must not be given: of a patient of theirs, for one';

COMMENT ON TABLE reading_items IS 'Pieces of recordings that are read as a whole';

COMMENT ON COLUMN reading_items.n_wanted IS 'Readers that it was dealt out to; 0 of an item that is only imported';

COMMENT ON COLUMN reading_items.state IS 'open: somebody still reads; disputed: an adjudicator is wanted; closed: there is a consensus';

COMMENT ON COLUMN reading_items.why IS 'Of a disputed item, what its readers differ in';

COMMENT ON COLUMN reading_items.kind IS 'gold and entrance: their truth is known; repeat: of one reader, who has read its origin';

COMMENT ON COLUMN reading_items.repeat IS 'A later time that the same place is read: by one reader, or in another attempt of a test';

COMMENT ON TABLE readings IS 'What a reader marked in an item, as handed in: append-only';

COMMENT ON COLUMN readings.codes IS 'The label of each mark: its place in names, from 0';

COMMENT ON COLUMN readings.source IS 'Where an imported one comes from: the file''s name and annotator';

COMMENT ON COLUMN readings.login IS 'Who handed it in: the reader, or who imported it';

COMMENT ON COLUMN readings.guideline IS 'Version of the guideline that the reader had acknowledged';

COMMENT ON COLUMN readings.seconds IS 'How long the reader looked at it';

COMMENT ON COLUMN readings.is_assisted IS 'Whether it began with what machines said';

COMMENT ON COLUMN readings.view IS 'How it was looked at when it was handed in: speed, gain, leads';

COMMENT ON TABLE reanalyses IS 'How far a stored group has been read again, beside the live worker''s checkpoints';

COMMENT ON COLUMN release_signatures.sha256 IS 'Of the SHA256SUMS that was signed';

COMMENT ON COLUMN releases.sha256 IS 'Of SHA256SUMS, which lists every file';

COMMENT ON COLUMN releases.accepted IS 'Kinds of findings that a person has let pass, each with how many';

COMMENT ON COLUMN releases.exceptions IS 'What was open when an owner released it all the same, and why they did';

COMMENT ON TABLE revision_seals IS 'A seal for each revision of an annotation; append-only';

COMMENT ON COLUMN revision_seals.hash IS 'SHA-256 of the hash of the revision before, of revision_text and of state_hash';

COMMENT ON COLUMN revision_seals.state_hash IS 'SHA-256 of the state that the revision left (annotation_text); null of revisions older than seals but the newest';

COMMENT ON TABLE timelines IS 'Where the runs of a device lie in a channel group, and its clocks';

COMMENT ON COLUMN timelines.offset_ms IS 'The server''s clock less the device''s, the shortest way of a message included';

COMMENT ON COLUMN timelines.drift_ppm IS 'The device''s clock against the server''s, positive when it is fast';

COMMENT ON COLUMN timelines.sample_drift_ppm IS 'The device''s sampling against its own clock, positive when it is fast';

COMMENT ON TABLE user_sessions IS 'Who is signed in where; the token itself is in the browser alone';

COMMENT ON COLUMN waveform_blocks.codec IS '0 to 15: int16; 16, 17: int32; 18, 19: float32; even ones of these are uncompressed (signal_processing/wide_codec.py)';

COMMENT ON COLUMN waveform_blocks.envelope IS 'little-endian of the group''s sample type, (bins, channels, 2): minimum and maximum of every 256 samples of absolute index; low > high where none is valid';

COMMENT ON COLUMN waveform_pyramid.span IS 'Sample index divided by 65,536; there once the tail begins at or after its end';

COMMENT ON COLUMN waveform_pyramid.envelope IS 'Little-endian of the group''s sample type, (16, channels, 2): minimum and maximum of every 4096 samples; low > high where none is valid';

COMMENT ON COLUMN waveform_tail.payload IS 'little-endian of the group''s sample type, (samples, channels): a run within one bin of 256 samples';

