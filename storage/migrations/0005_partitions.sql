-- Samples by the day: native partitions on plain PostgreSQL, chunks of a hypertable on TimescaleDB, so that old days
-- can be dropped at once. No foreign key on waveform_blocks any more: to attach a partition would lock channel_groups
-- against every writer. Who writes blocks holds the row of their channel group.

ALTER TABLE waveform_blocks DROP CONSTRAINT waveform_blocks_group_id_fkey;

CREATE FUNCTION waveform_partition_name(day bigint) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT 'waveform_blocks_' || to_char(date '1970-01-01' + day::integer, 'YYYYMMDD') $$;

CREATE FUNCTION missing_waveform_days(days bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_class WHERE oid = 'waveform_blocks'::regclass AND relkind = 'p') THEN
            RETURN '{}';
        END IF;
        LOCK TABLE waveform_blocks IN ROW EXCLUSIVE MODE;
        RETURN coalesce((SELECT array_agg(day ORDER BY day) FROM unnest(days) AS day
                         WHERE to_regclass(waveform_partition_name(day)) IS NULL), '{}');
    END $$;
COMMENT ON FUNCTION missing_waveform_days(bigint[]) IS
    'Those of the days (since 1970) that have no partition; until the transaction ends none of the others goes';

CREATE FUNCTION make_waveform_partitions(days bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s'
    AS $$ DECLARE
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
    END $$;
COMMENT ON FUNCTION make_waveform_partitions(bigint[]) IS
    'In a transaction of its own: it waits for others that make partitions';

CREATE FUNCTION see_waveform_partitions(days bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ DECLARE
        day bigint;
    BEGIN
        FOREACH day IN ARRAY days LOOP
            EXECUTE format('LOCK TABLE %I IN ROW EXCLUSIVE MODE', waveform_partition_name(day));
        END LOOP;
    END $$;
COMMENT ON FUNCTION see_waveform_partitions(bigint[]) IS
    'Lets a transaction that used waveform_blocks before see partitions that another one has made since';

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        RETURN;
    END IF;
    ALTER TABLE waveform_blocks RENAME TO waveform_blocks_before;
    ALTER TABLE waveform_blocks_before RENAME CONSTRAINT waveform_blocks_pkey TO waveform_blocks_before_pkey;
    CREATE TABLE waveform_blocks (LIKE waveform_blocks_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS
                                  INCLUDING STORAGE INCLUDING COMMENTS) PARTITION BY RANGE (start_us);
    ALTER TABLE waveform_blocks ADD PRIMARY KEY (group_id, start_us);
    PERFORM make_waveform_partitions((SELECT coalesce(array_agg(DISTINCT floor(start_us / 86400000000.0)::bigint), '{}')
                                      FROM waveform_blocks_before));
    INSERT INTO waveform_blocks SELECT * FROM waveform_blocks_before;
    DROP TABLE waveform_blocks_before;
END $$;
