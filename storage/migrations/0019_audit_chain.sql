-- The trail is chained: each entry's hash covers the one before, so that none is altered, removed or moved unseen.

CREATE TABLE audit_head (
    id    smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    seq   bigint NOT NULL,
    hash  bytea NOT NULL
);
COMMENT ON TABLE audit_head IS 'The newest entry of audit_log: one row, whose lock puts entries in order';

CREATE FUNCTION audit_text(seq bigint, at_us bigint, user_id integer, login text, action text, subject text, detail jsonb)
    RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT jsonb_build_array(seq, at_us, user_id, login, action, subject, detail)::text $$;
COMMENT ON FUNCTION audit_text(bigint, bigint, integer, text, text, text, jsonb) IS 'What the hash of an entry covers, beside the hash before';

ALTER TABLE audit_log ADD COLUMN seq bigint, ADD COLUMN hash bytea;
ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only;
DO $$
    DECLARE
        entry record;
        n bigint := 0;
        head bytea := '';
    BEGIN
        FOR entry IN SELECT * FROM audit_log ORDER BY id LOOP
            n := n + 1;
            head := sha256(head || convert_to(audit_text(n, entry.at_us, entry.user_id, entry.login, entry.action,
                                                         entry.subject, entry.detail), 'UTF8'));
            UPDATE audit_log SET seq = n, hash = head WHERE id = entry.id;
        END LOOP;
        INSERT INTO audit_head (seq, hash) VALUES (n, head);
    END $$;
ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only;
ALTER TABLE audit_log ALTER COLUMN seq SET NOT NULL, ALTER COLUMN hash SET NOT NULL, ADD UNIQUE (seq);
COMMENT ON COLUMN audit_log.seq IS 'From 1, without a gap, in the order of the chain; id may have gaps';
COMMENT ON COLUMN audit_log.hash IS 'SHA-256 of the hash before and of audit_text';

-- as the owner: the application's role cannot write audit_head itself
CREATE FUNCTION chain_audit() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'public', 'pg_temp'
    AS $$ DECLARE
        before bytea;
    BEGIN
        INSERT INTO audit_head (seq, hash) VALUES (1, '')
        ON CONFLICT (id) DO UPDATE SET seq = audit_head.seq + 1 RETURNING seq, hash INTO NEW.seq, before;
        NEW.hash := sha256(before || convert_to(audit_text(NEW.seq, NEW.at_us, NEW.user_id, NEW.login, NEW.action,
                                                           NEW.subject, NEW.detail), 'UTF8'));
        UPDATE audit_head SET hash = NEW.hash;
        RETURN NEW;
    END $$;
CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION chain_audit();

-- What people did to annotations: a chain for each annotation, which takes no lock that others wait for.
CREATE TABLE revision_seals (
    annotation_id  uuid NOT NULL,
    revision       integer NOT NULL,
    id             bigint GENERATED ALWAYS AS IDENTITY,
    hash           bytea NOT NULL,
    state_hash     bytea,
    PRIMARY KEY (annotation_id, revision)
);
COMMENT ON TABLE revision_seals IS 'A seal for each revision of an annotation; append-only';
COMMENT ON COLUMN revision_seals.hash IS 'SHA-256 of the hash of the revision before, of revision_text and of state_hash';
COMMENT ON COLUMN revision_seals.state_hash IS 'SHA-256 of the state that the revision left (annotation_text); null of revisions older than seals but the newest';

CREATE FUNCTION revision_text(r annotation_revisions) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT jsonb_build_array(r.annotation_id, r.revision, r.action, r.user_id, r.login, r.at_us, r.before, r.view,
                                   r.bulk_id, r.cause_id, r.cause_revision, r.split_from)::text $$;
CREATE FUNCTION annotation_text(a annotations) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT jsonb_build_array(a.id, a.stream_id, a.group_id, a.revision, a.kind, a.label, a.channel, a.start_us, a.end_us,
                                   a.status, a.deleted, a.note, a.severity, a.certainty, to_jsonb(a.evidence))::text $$;
COMMENT ON FUNCTION annotation_text(annotations) IS 'What a person said of it: nothing that a machine changes later on';

CREATE FUNCTION seal_revisions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN
        INSERT INTO revision_seals (annotation_id, revision, hash, state_hash)
        SELECT m.annotation_id, m.revision,
               sha256(coalesce(p.hash, '') || convert_to(revision_text(m), 'UTF8') || coalesce(s.hash, '')), s.hash
        FROM made m
        LEFT JOIN revision_seals p ON p.annotation_id = m.annotation_id AND p.revision = m.revision - 1
        LEFT JOIN LATERAL (SELECT sha256(convert_to(annotation_text(a), 'UTF8')) AS hash FROM annotations a
                           WHERE a.id = m.annotation_id AND a.revision = m.revision) s ON true
        ORDER BY m.annotation_id, m.revision;
        RETURN NULL;
    END $$;
DO $$
    DECLARE
        r annotation_revisions;
        p_id uuid;
        head bytea := '';
        state bytea;
    BEGIN
        FOR r IN SELECT * FROM annotation_revisions ORDER BY annotation_id, revision LOOP
            IF r.annotation_id IS DISTINCT FROM p_id THEN
                head := '';
                p_id := r.annotation_id;
            END IF;
            SELECT sha256(convert_to(annotation_text(a), 'UTF8')) INTO state FROM annotations a
            WHERE a.id = r.annotation_id AND a.revision = r.revision;
            head := sha256(head || convert_to(revision_text(r), 'UTF8') || coalesce(state, ''));
            INSERT INTO revision_seals (annotation_id, revision, hash, state_hash) VALUES (r.annotation_id, r.revision, head, state);
        END LOOP;
    END $$;
CREATE TRIGGER annotation_revisions_seals AFTER INSERT ON annotation_revisions
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION seal_revisions();
CREATE TRIGGER revision_seals_append_only BEFORE DELETE OR UPDATE ON revision_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER revision_seals_no_truncate BEFORE TRUNCATE ON revision_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whoever may not change the schema may not change the trail either, whatever default privileges gave them.
DO $$
    DECLARE
        given record;
    BEGIN
        FOR given IN
            SELECT g.table_name, g.grantee, g.privilege_type
            FROM information_schema.role_table_grants g JOIN pg_tables t ON t.tablename = g.table_name AND t.schemaname = 'public'
            WHERE g.table_schema = 'public' AND g.grantee NOT IN (t.tableowner, 'PUBLIC')
              AND ((g.table_name IN ('audit_log', 'annotation_revisions', 'family_edit_steps', 'readings')
                    AND g.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE'))
                   OR (g.table_name IN ('audit_head', 'revision_seals') AND g.privilege_type <> 'SELECT'))
        LOOP
            EXECUTE format('REVOKE %s ON %I FROM %I', given.privilege_type, given.table_name, given.grantee);
        END LOOP;
    END $$;
