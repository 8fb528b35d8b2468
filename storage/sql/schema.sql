-- The schema as the catalogue tells it, one statement a row; the same on PostgreSQL 15 to 18.

-- name: listing
SELECT statement FROM (
    SELECT 1 AS part, p.proname::text AS name, 0 AS position,
           replace(pg_get_functiondef(p.oid), n.nspname || '.', '') AS statement
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'public'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 2, c.relname::text, 0,
           format(E'CREATE TABLE %I (\n%s\n)%s', c.relname,
               (SELECT string_agg(
                    format('    %I %s%s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                        CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END,
                        CASE a.attgenerated WHEN 's'
                             THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid))
                             ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END,
                        CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
                        CASE WHEN a.attstorage <> t.typstorage
                             THEN ' STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                                                   WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
                             ELSE '' END),
                    E',\n' ORDER BY a.attnum)
                FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
               -- a partitioned table has none of its own: they stand on its partitions
               CASE WHEN c.relname <> 'waveform_blocks'
                    THEN coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') ELSE '' END)
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    UNION ALL
    SELECT 3, t.relname || '.' || k.conname, 0,
           format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.relname, k.conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
    WHERE t.relnamespace = 'public'::regnamespace AND k.contype IN ('c', 'f', 'p', 'u') AND NOT t.relispartition
    UNION ALL
    SELECT 4, i.relname::text, 0, replace(pg_get_indexdef(x.indexrelid), 'public.', '')
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE i.relnamespace = 'public'::regnamespace AND NOT i.relispartition
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u'))
    UNION ALL
    SELECT 5, r.relname || '.' || g.tgname, 0, replace(pg_get_triggerdef(g.oid), 'public.', '')
    FROM pg_trigger g JOIN pg_class r ON r.oid = g.tgrelid
    WHERE r.relnamespace = 'public'::regnamespace AND NOT g.tgisinternal AND g.tgname <> 'ts_insert_blocker'
    UNION ALL
    SELECT 6, c.relname::text, 0,
           format('CREATE VIEW %I AS SELECT %s', c.relname,
               (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '
                                  ORDER BY a.attnum)
                FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0))
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
    UNION ALL
    SELECT 7, c.relname::text, d.objsubid,
           format('COMMENT ON %s %s IS %L', CASE d.objsubid WHEN 0 THEN 'TABLE' ELSE 'COLUMN' END,
                  c.relname || coalesce('.' || a.attname, ''), d.description)
    FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
    WHERE c.relnamespace = 'public'::regnamespace
) listing
ORDER BY part, name COLLATE "C", position
