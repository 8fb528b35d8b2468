-- Where a consumer group reads on.

-- name: save
INSERT INTO source_positions (source, topic, partition, next_offset)
SELECT %(source)s, * FROM unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[])
ON CONFLICT (source, topic, partition) DO UPDATE
SET next_offset = excluded.next_offset, updated_us = excluded.updated_us

-- name: load
SELECT topic, partition, next_offset FROM source_positions WHERE source = %(source)s
