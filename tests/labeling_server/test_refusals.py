"""What breaks a rule is refused with rule, value and limit before it reaches the database, and changes nothing."""

from __future__ import annotations

import json

import pytest

from labeling_server.api.bounds import MAX_VIEW_VALUES, checked_view
from labeling_server.gate import MAX_BODY_BYTES

HUGE = (-1, 0, 2**31, 2**63, 10**30)


# that somebody was refused is noted in the trail
_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('audit_log', 'audit_head')
"""


@pytest.fixture
def digest(database):
    """Of every row of every table."""

    def of_everything():
        with database.transaction() as conn:
            tables = conn.execute(_TABLES).fetchall()
            return {
                table: conn.execute(f"SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {table} t").fetchone()  # noqa: S608 - a name of the catalogue
                for (table,) in tables
            }

    return of_everything


def reads(recording):
    """Addresses that are wrong, and what the refusal tells of them."""
    stream = f"/api/streams/{recording.stream_id}"
    place = f"group_id={recording.group_id}"
    for route in ("window", "envelope", "beats", "beat-marks", "live"):
        yield f"{stream}/{route}?{place}&start=0&end={10**12 + 1}", "less than or equal to 1000000000000"
        yield f"{stream}/{route}?{place}&start=-1&end=5", "greater than or equal to 0, got '-1'"
        yield f"{stream}/{route}?{place}&start=5&end=4", "must not end before it starts, got [5, 4)"
        yield f"{stream}/{route}?{place}&start=0&end=5&ends=9", "end, group_id, start), got 'ends'"
        yield from ((f"{stream}/{route}?group_id={wrong}&start=0&end=5", "query.group_id") for wrong in HUGE)
    for route in ("window", "beats", "live"):
        yield f"{stream}/{route}?{place}&start=0&end={10**12}", "at most 2000000 samples"
    yield f"{stream}/envelope?{place}&start=0&end={10**12}", "at most 17179869184 samples, got 2000000000000"
    yield f"{stream}/envelope?{place}&start=5&end=5", "needs a range"
    yield from ((f"/api/streams/{wrong}", "path.stream_id") for wrong in (*HUGE, "x", "%00", "1.5"))
    yield from ((f"{stream}/envelope?{place}&start=0&end=9&bins={wrong}", "query.bins") for wrong in (0, 2**15))
    yield from ((f"{stream}/spans?start_us={wrong}&end_us=9", "query.start_us") for wrong in (-1, 2**53, "nan"))
    yield from ((f"/api/queue?limit={wrong}", "query.limit") for wrong in (0, -5, 1001, "all"))
    yield from ((f"/api/queue?offset={wrong}", "query.offset") for wrong in (-1, 100_001))
    yield "/api/queue?streamid=1", "got 'streamid'"
    yield "/api/spans/not-a-uuid", "path.annotation_id"
    for after in ("x", "1.2.3", "1762000000000000.1762000000000000.not-an-identity", "-1"):
        yield f"{stream}/spans?start_us=0&end_us=1&after={after}", "query.after"
    yield "/api/spans/not-a-uuid/history", "path.annotation_id"


def test_a_read_that_breaks_a_rule_or_asks_for_what_is_not_there_is_told_so(client, recording):
    for address, told in reads(recording):
        answer = client.get(address)
        assert answer.status_code == 422, (address, answer.text)
        assert told in answer.json()["message"], (address, answer.json())
    stream = f"/api/streams/{recording.stream_id}"
    for address in (
        "/api/streams/77",
        "/api/streams/77/spans?start_us=0&end_us=1",
        "/api/streams?after=77",
        "/api/queue?stream_id=77",
        f"{stream}/window?group_id=77&start=0&end=1",
        "/api/spans/00000000-0000-4000-8000-000000000000",
        "/api/nothing",
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["error"]) == (404, "unknown"), address
    answer = client.put("/api/queue", headers={"X-CSRF-Token": client.csrf})
    assert (answer.status_code, answer.json()["error"], answer.headers["allow"]) == (405, "method", "GET")


def bodies():
    """Bodies of a PATCH that are wrong as they are sent, their status, and what the refusal tells of them."""
    yield b"", 422, "body: Field required"
    yield b"{", 422, "JSON decode error"
    yield b'{"action": "note\xff"}', 400, "parsing the body"
    yield b"[" * 100_000, 400, "parsing the body"
    yield b'{"action": "confirm", "view": {"a": ' + b"[" * 50 + b"]" * 50 + b"}}", 422, "at most 6 deep"
    yield b'{"action": "confirm", "view": {"a": "\\u0000"}}', 422, "no NUL"
    yield b'{"action": "confirm", "view": {"\\ud800": 1}}', 422, "body.view"
    yield b'{"action": "confirm", "view": {"a": ["\\ud800"]}}', 422, "half of a surrogate pair"
    yield b'{"action": "confirm", "view": {"a": NaN}}', 422, "got nan"
    yield b'{"action": "confirm", "view": {"a": 1e400}}', 422, "got inf"
    yield b'{"action": "confirm", "view": {"a": 1' + b"0" * 400 + b"}}", 422, "numbers of a view"
    yield b'{"action": "confirm", "view": []}', 422, "got a list"
    yield b'{"action": "confirm", "\\ud800": 1}', 422, "unicode string, got '\\ud800'"
    yield b'{"action": "confirm", "colour": 1}', 422, "body.colour: Extra inputs"
    yield b'{"action": "burn"}', 422, "got 'burn'"
    yield b'{"action": "\\ud800"}', 422, "body.action"
    yield b'{"action": "move", "changes": {"start_us": null}}', 422, "body.changes.start_us"
    yield b'{"action": "move", "changes": {"start_us": "5"}}', 422, "valid integer, got '5'"
    yield b'{"action": "move", "changes": {"start_us": true}}', 422, "valid integer, got True"
    yield b'{"action": "move", "changes": {"start_us": NaN}}', 422, "got nan"
    yield b'{"action": "move", "changes": {"end_us": 9007199254740992}}', 422, "less than or equal to 9007199254740991"
    yield b'{"action": "undo", "changes": {"deleted": null}}', 422, "body.changes.deleted"
    yield b'{"action": "undo", "changes": {"status": "sold"}}', 422, "got 'sold'"
    yield b'{"action": "note", "changes": {"note": "a\\u0000b"}}', 422, "body.changes.note"
    yield b'{"action": "note", "changes": {"note": "\\udfff"}}', 422, "body.changes.note"
    yield json.dumps({"action": "note", "changes": {"note": "x" * 4001}}).encode(), 422, "at most 4000 characters"
    yield b'{"action": "relabel", "changes": {"label": null}}', 422, "body.changes.label"


def test_a_body_that_breaks_a_rule_or_is_too_large_is_refused_and_changes_nothing(client, spans, digest):
    path = f"/api/spans/{spans['VT']['id']}"
    headers = {"X-CSRF-Token": client.csrf, "If-Match": '"0"', "Content-Type": "application/json"}
    before = digest()
    for body, status, told in bodies():
        answer = client.patch(path, content=body, headers=headers)
        assert answer.status_code == status, (body[:80], answer.text)
        assert told in answer.json()["message"], (body[:80], answer.json())
    for media_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
        other = headers | {"Content-Type": media_type}
        assert client.patch(path, content=b'{"action": "reject"}', headers=other).status_code == 422
    for content in (b" " * (MAX_BODY_BYTES + 1), (b" " * 2**20 for _ in range(5))):
        answer = client.patch(path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        assert f"at most {MAX_BODY_BYTES} bytes" in answer.json()["message"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert digest() == before


def test_a_revision_that_is_none_and_a_token_of_no_session_are_refused(client, spans, digest):
    before = digest()
    for tag in ("*", 'W/"0"', '"0", "1"', '"-1"', '""', '"' + "9" * 5000 + '"', '"4000000000"', "é"):
        headers = {"X-CSRF-Token": client.csrf, "If-Match": tag.encode("latin-1")}
        answer = client.patch(f"/api/spans/{spans['VT']['id']}", json={"action": "reject"}, headers=headers)
        assert answer.status_code == 422
        assert "If-Match must be a revision" in answer.json()["message"]
    for token in ("", "x", "é" * 32, client.csrf + "x", client.csrf[:-1]):
        headers = {"X-CSRF-Token": token.encode("latin-1"), "If-Match": '"0"'}
        answer = client.patch(f"/api/spans/{spans['VT']['id']}", json={"action": "reject"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert client.post("/logout", data={"csrf": "é"}).status_code == 403
    assert digest() == before


def test_nobody_is_told_what_they_sent_wrong(anonymous, recording):
    """Without a session not even the body is looked at, and what a login holds wrong is not said in full."""
    for method, path in (("GET", "/api/streams/x"), ("POST", "/api/spans"), ("GET", "/api/nothing")):
        answer = anonymous.request(method, path, content=b"{")
        assert (answer.status_code, answer.json()["error"]) == (401, "no_session")
    answer = anonymous.post("/login", data={"login": "a\x00b", "password": "a secret \x00"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert "a\\x00b" in answer.json()["message"]
    assert "secret" not in answer.text


def test_a_view_of_many_values_is_refused():
    assert checked_view({"leads": ["II"] * 100}) == {"leads": ["II"] * 100}
    with pytest.raises(ValueError, match="at most 2000 values"):
        checked_view({"leads": ["II"] * MAX_VIEW_VALUES})
