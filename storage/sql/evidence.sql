-- What annotations rest on.

-- name: of_stream
SELECT id FROM annotations WHERE id = ANY(%(ids)s::uuid[]) AND stream_id = %(stream_id)s

-- name: resting_on
SELECT * FROM annotation_states
WHERE evidence @> ARRAY[%(id)s]::uuid[] AND evidence <> '{}'
  AND (%(after_id)s::uuid IS NULL
       OR (start_us, end_us, id) > (%(after_start_us)s::bigint, %(after_end_us)s::bigint, %(after_id)s::uuid))
ORDER BY start_us, end_us, id LIMIT %(limit)s::bigint
