-- Workers' heartbeats.

-- name: heartbeat
INSERT INTO worker_status (worker, source, state, started_us, seen_us, lag, n_messages, n_samples, n_dead_letters,
                           samples_per_s, note)
VALUES (%(worker)s, %(source)s, %(state)s, %(started_us)s, clock_us(), %(lag)s, %(n_messages)s, %(n_samples)s,
        %(n_dead_letters)s, %(samples_per_s)s, %(note)s)
ON CONFLICT (worker) DO UPDATE
SET source = excluded.source, state = excluded.state, started_us = excluded.started_us, seen_us = excluded.seen_us,
    lag = excluded.lag, n_messages = excluded.n_messages, n_samples = excluded.n_samples,
    n_dead_letters = excluded.n_dead_letters, samples_per_s = excluded.samples_per_s, note = excluded.note

-- name: list_workers
SELECT worker, source, state, started_us, seen_us, lag, n_messages, n_samples, n_dead_letters, samples_per_s, note,
       greatest(clock_us() - seen_us, 0)
FROM worker_status ORDER BY worker
