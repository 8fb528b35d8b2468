"""Sessions: who gets in, what a forged or missing one is answered, what headers every answer bears."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from labeling_server.serve import ListenError, PortTakenError, bound_socket
from labeling_server.settings import ServerSettings
from signal_processing.errors import InvalidValueError
from storage import users


def test_pages_lead_to_the_login_without_a_session(anonymous):
    for path in ("/", "/workstation", "/dashboard", "/streams/1"):
        answer = anonymous.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")


def test_a_link_to_an_annotation_arrives_after_the_login(anonymous):
    asked = anonymous.get("/streams/1?at=5&annotation=x", follow_redirects=False)
    form = anonymous.get(asked.headers["location"]).text
    assert 'name="next" value="/streams/1?at=5&amp;annotation=x"' in form


def test_the_interface_refuses_without_a_session(anonymous, recording):
    for path in ("/api/streams", "/api/queue", f"/api/streams/{recording.stream_id}"):
        assert anonymous.get(path).status_code == 401


def test_a_login_leads_to_the_page_that_was_asked_for(anonymous):
    answer = anonymous.post(
        "/login",
        data={"login": "reader", "password": "a password for tests", "next": "/dashboard"},
        follow_redirects=False,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_a_login_leads_nowhere_else(anonymous, target):
    answer = anonymous.post(
        "/login", data={"login": "reader", "password": "a password for tests", "next": target}, follow_redirects=False
    )
    assert answer.headers["location"] == "/"


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(anonymous):
    cookie = anonymous.sign_in("reader").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_wrong_password_is_refused_slowed_down_and_logged(anonymous, database):
    statuses = [anonymous.sign_in("reader", "wrong password").status_code for _ in range(5)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    refused = anonymous.sign_in("reader")  # the right password now waits as well
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    with database.transaction() as conn:
        n_failed = conn.execute("SELECT count(*) FROM audit_log WHERE action = 'login-failed'").fetchone()[0]
    assert n_failed >= 3


def test_a_disabled_user_does_not_get_in(anonymous, database):
    with database.transaction() as conn:
        users.disable(conn, "reader")
    assert anonymous.sign_in("reader").status_code == 401


def test_a_login_form_of_another_site_is_not_used(anonymous):
    answer = anonymous.post(
        "/login",
        data={"login": "reader", "password": "a password for tests"},
        headers={"Origin": "https://elsewhere.example"},
    )
    assert answer.status_code == 403


def test_a_forged_session_is_none(anonymous):
    anonymous.cookies.set("rhythmark_session", "WzEsInJlYWRlciIsImFkbWluIiwieCJd.aaaa.bbbb")
    assert anonymous.get("/api/streams").status_code == 401


def test_a_logout_ends_the_session(client):
    client.post("/logout", data={"csrf": client.csrf}, follow_redirects=False)
    assert client.get("/api/streams").status_code == 401


def test_every_answer_bears_the_security_headers(client):
    for path in ("/", "/login", "/api/streams", "/static/rhythmark.css", "/nowhere"):
        headers = client.get(path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


def test_what_may_hold_patient_data_is_kept_in_no_cache(client, recording):
    path = f"/api/streams/{recording.stream_id}/window?group_id={recording.group_id}&start=0&end=10"
    assert client.get(path).headers["cache-control"] == "no-store"
    assert client.get("/").headers["cache-control"] == "no-store"


def test_pages_load_nothing_from_other_sites(client, recording):
    for path in ("/", "/login", f"/streams/{recording.stream_id}"):
        page = client.get(path).text
        assert 'src="http' not in page
        assert 'href="http' not in page


def test_a_short_secret_is_refused():
    with pytest.raises(InvalidValueError, match="at least 32 characters, got 5"):
        ServerSettings(secret_key="short")  # noqa: S106 - refused


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head():
    async def is_undelayed():
        seen = asyncio.Queue()
        server = await asyncio.start_server(lambda _, writer: seen.put(writer), sock=bound_socket("127.0.0.1", 0))
        async with server:
            _, mine = await asyncio.open_connection(*server.sockets[0].getsockname())
            theirs = await seen.get()
            option = theirs.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            for writer in (mine, theirs):
                writer.close()
                await writer.wait_closed()
        return option

    with ThreadPoolExecutor(1) as thread:  # a browser's test leaves a loop running in this one
        assert thread.submit(asyncio.run, is_undelayed()).result()


def test_a_taken_port_is_told():
    with (
        bound_socket("127.0.0.1", 0) as taken,
        pytest.raises(PortTakenError, match=r"port must be free, got 127\.0\.0\.1"),
    ):
        bound_socket("127.0.0.1", taken.getsockname()[1])


def test_a_number_that_is_no_port_is_refused():
    with pytest.raises(PortTakenError, match=r"within \[0, 65535\], got 70000"):
        bound_socket("127.0.0.1", 70_000)


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_told(host):
    with pytest.raises(ListenError, match=f"host must be an address of this machine, got '{host}'") as raised:
        bound_socket(host, 0)
    assert not isinstance(raised.value, PortTakenError)
