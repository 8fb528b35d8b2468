-- Roles of a project hold in the database as well: whatever wrote the row, whoever it names must have been allowed to.

CREATE FUNCTION holds_role(project integer, person integer, wanted text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$ SELECT EXISTS (SELECT FROM project_members m JOIN users u ON u.id = m.user_id AND NOT u.disabled
                         WHERE m.project_id = project AND m.user_id = person AND m.role = wanted) $$;
COMMENT ON FUNCTION holds_role(integer, integer, text) IS 'Whether a person may act so in a project; rows without a person are an operator''s, or a rule''s';

CREATE FUNCTION refuse_without_role(project integer, person integer, wanted text, what text) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$ BEGIN
        IF person IS NOT NULL AND NOT holds_role(project, person, wanted) THEN
            RAISE EXCEPTION '% must be by somebody who is % of the project, person % is not', what, wanted, person
                USING ERRCODE = 'restrict_violation';
        END IF;
    END $$;

CREATE FUNCTION check_role_of_reading() RETURNS trigger LANGUAGE plpgsql
    AS $$ DECLARE
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
    END $$;
CREATE TRIGGER readings_role BEFORE INSERT ON readings FOR EACH ROW EXECUTE FUNCTION check_role_of_reading();

CREATE FUNCTION check_role_of_audit() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN
        IF NEW.verdict IS NOT NULL THEN
            PERFORM refuse_without_role(NEW.project_id, NEW.user_id, 'auditor', 'an audit');
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER audits_role BEFORE INSERT OR UPDATE ON audits FOR EACH ROW EXECUTE FUNCTION check_role_of_audit();

CREATE FUNCTION check_role_of_owner() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN
        IF NOT EXISTS (SELECT FROM users WHERE id = NEW.user_id AND role = 'admin' AND NOT disabled) THEN
            PERFORM refuse_without_role(NEW.project_id, NEW.user_id, 'owner', 'a row of ' || TG_TABLE_NAME);
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER guidelines_role BEFORE INSERT ON guidelines FOR EACH ROW EXECUTE FUNCTION check_role_of_owner();
CREATE TRIGGER releases_role BEFORE INSERT ON releases FOR EACH ROW EXECUTE FUNCTION check_role_of_owner();

CREATE FUNCTION check_role_of_signature() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN
        PERFORM refuse_without_role(NEW.project_id, NEW.user_id, NEW.role, 'a signature');
        RETURN NEW;
    END $$;
CREATE TRIGGER release_signatures_role BEFORE INSERT ON release_signatures FOR EACH ROW EXECUTE FUNCTION check_role_of_signature();
