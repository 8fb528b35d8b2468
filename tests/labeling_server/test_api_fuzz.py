"""Requests made from the description of the API; `python -m benchmarks api_fuzz` sends more of them."""

from __future__ import annotations

from benchmarks.api_fuzz import Options, run


def test_no_request_breaks_the_server_or_changes_what_its_sender_may_not(database):
    account = run(database, Options(examples=6))
    assert account.problems == []
    written = sum(n for (person, status), n in account.statuses.items() if person == "reader" and status < 300)
    assert account.statuses.total() >= 200
    assert written > 0
