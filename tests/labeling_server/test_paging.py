"""Long lists in pages, and answers that are asked for again."""

from __future__ import annotations

import pytest

from storage import catalogue


def pages(client, path, **query):
    """Every page of a list, following its links."""
    answer = client.get(path, params=query)
    while True:
        assert answer.status_code == 200, answer.text
        yield answer.json()
        if "link" not in answer.headers:
            return
        address, _, relation = answer.headers["link"].partition(";")
        assert relation.strip() == 'rel="next"'
        answer = client.get(address.strip("<>"))


@pytest.fixture
def lists(client, database, recording, spans):
    """Lists that have a few entries each: path and query."""
    with database.transaction() as conn:
        for number in range(3):
            catalogue.ensure_stream(conn, name=f"another {number}", device="test", t0_us=0)
    path = f"/api/spans/{spans['VT']['id']}"
    for revision in range(5):
        assert client.write("PATCH", path, {"action": "note", "changes": {"note": str(revision)}}, revision).is_success
    whole = {"start_us": 0, "end_us": recording.us_at(30_000)}
    orders = ("urgency", "newest", "time", "label", "risk")
    return [
        ("/api/streams", {}),
        (f"/api/streams/{recording.stream_id}/spans", whole),
        (f"{path}/history", {}),
        *(("/api/queue", {"order": order, "stream_id": recording.stream_id}) for order in orders),
    ]


def test_pages_together_are_the_list(client, lists):
    for path, query in lists:
        (whole,) = pages(client, path, **query)
        assert len(whole) >= 4, path
        for limit in (1, 2, len(whole) - 1, len(whole)):
            cut = list(pages(client, path, limit=limit, **query))
            assert [entry for page in cut for entry in page] == whole, (path, query, limit)
            assert all(len(page) == limit for page in cut[:-1])
            assert len(cut[-1]) >= 1


def test_a_page_goes_on_behind_its_last_entry_whatever_is_taken_away_meanwhile(client, recording, spans):
    path = f"/api/streams/{recording.stream_id}/spans"
    read = pages(client, path, start_us=0, end_us=recording.us_at(30_000), limit=2)
    first = next(read)
    assert client.write("DELETE", f"/api/spans/{first[0]['id']}", None, 0).is_success
    rest = [entry["label"] for page in read for entry in page]
    assert [entry["label"] for entry in first] + rest == ["VT", "AFIB", "AFL", "NOISY"]


def test_an_answer_that_has_not_changed_is_not_sent_again(client, recording, spans):
    query = {"group_id": recording.group_id, "start": 0, "end": 2000}
    for path, asked in ((f"/api/streams/{recording.stream_id}/live", query), ("/api/queue", {}), ("/api/session", {})):
        first = client.get(path, params=asked)
        again = client.get(path, params=asked, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert again.headers["cache-control"] == "no-store"
    tag = client.get("/api/queue").headers["etag"]
    assert client.write("PATCH", f"/api/spans/{spans['VT']['id']}", {"action": "reject"}, 0).is_success
    assert client.get("/api/queue", headers={"If-None-Match": tag}).status_code == 200
    # a machine may have extended a span since, without a revision
    answer = client.get(f"/api/spans/{spans['VT']['id']}", headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
