import pytest

T0_US = 1_790_000_000_000_000


def figures(client, **query):
    answer = client.get("/dashboard/figures.json", params=query)
    assert answer.status_code == 200
    return answer.json()


def test_dashboard_sends_a_stranger_to_the_login(stranger):
    for path in ("/dashboard", "/dashboard/figures.json", "/dashboard/plots.json"):
        answer = stranger.get(path, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")


def test_dashboard_page_names_reader_project_and_zone(client):
    page = client.get("/dashboard").text
    assert "Study A" in page
    assert "reader" in page
    assert 'data-zone="UTC"' in page


def test_dashboard_page_holds_no_inline_script(client):
    # the site's content security policy refuses them, so they would be dead on arrival
    page = client.get("/dashboard").text
    scripts = [tag for tag in page.split("<script")[1:] if "src=" not in tag.partition(">")[0]]
    assert not scripts


@pytest.mark.parametrize("name", ["dashboard.css", "dashboard.js", "format.js"])
def test_dashboard_serves_its_static_files(client, name):
    assert client.get(f"/dashboard/static/{name}").status_code == 200


@pytest.mark.parametrize("name", ["..%2Fpages.py", "nothing.js", "%2e%2e%2fpages.py"])
def test_dashboard_serves_no_other_file(client, name):
    assert client.get(f"/dashboard/static/{name}").status_code == 404


def test_figures_are_empty_when_nothing_has_come_in(client):
    empty = figures(client)
    assert empty["streams"] == empty["workers"] == empty["proposals"] == []
    assert empty["totals"]["lag"] is None
    assert empty["totals"]["n_samples"] == 0


def test_figures_say_of_a_stream_how_far_it_is(client, feed):
    feed.store_stream("208")
    (stream,) = figures(client)["streams"]
    assert stream["state"] == "live"
    assert stream["head_us"] == T0_US + 10_000_000
    assert stream["rates"] == [[360.0, 2]]
    assert stream["missing_us"] == 0
    assert 0 <= stream["heard_age_us"] < 60_000_000
    assert stream["patient"] == "P-7F3K"


def test_figures_call_a_thermometer_live_between_two_samples(client, feed, database):
    for name, fs_hz in (("core", 1 / 60), ("quick", 1.0)):
        feed.store_stream(name, n_samples=5, fs_hz=fs_hz)
    with database.transaction() as conn:
        conn.execute("UPDATE channel_groups SET updated_us = updated_us - 100000000")
    answer = client.get("/dashboard/figures.json").json()
    assert {stream["name"]: stream["state"] for stream in answer["streams"]} == {"core": "live", "quick": "stale"}
    assert (answer["totals"]["n_live"], answer["totals"]["n_stale"]) == (1, 1)
    page = client.get("/").text
    assert (page.count("state live"), page.count("state behind")) == (1, 1)


def test_figures_call_a_stream_stale_when_nothing_was_heard_of_it(client, feed, database):
    feed.store_stream("208")
    with database.transaction() as conn:
        conn.execute("UPDATE channel_groups SET updated_us = updated_us - 11000000")
    answer = figures(client)
    assert answer["streams"][0]["state"] == "stale"
    assert (answer["totals"]["n_live"], answer["totals"]["n_stale"]) == (0, 1)


def test_figures_say_how_much_of_a_stream_is_missing(client, feed, database):
    feed.store_stream("208")
    with database.transaction() as conn:
        conn.execute("UPDATE channel_groups SET n_stored = n_stored - 720")
    assert figures(client)["streams"][0]["missing_us"] == 2_000_000


def test_figures_tell_waiting_ended_and_synthetic_streams(client, feed):
    feed.store_stream("empty", n_samples=0)
    feed.store_stream("over", ended=True)
    feed.store_stream("made", synthetic=True)
    streams = {stream["name"]: stream for stream in figures(client)["streams"]}
    assert streams["empty"]["state"] == "waiting"
    assert streams["over"]["state"] == "ended"
    assert streams["over"]["behind_us"] is None
    assert [name for name, stream in streams.items() if stream["synthetic"]] == ["made"]
    assert list(streams)[-1] == "over", "running streams stand before ended ones"


def test_proposals_come_most_urgent_first_and_then_newest(client, feed):
    stream, group = feed.store_stream("208")
    feed.propose(stream, group, "AFIB", 0, 720)
    feed.propose(stream, group, "VT", 100, 460)
    feed.propose(stream, group, "AFIB", 1000, 1720, ongoing=True)
    feed.propose(stream, group, "SR", 1800, 2160)
    proposals = figures(client)["proposals"]
    assert [(row["label"], row["ongoing"]) for row in proposals] == [("VT", False), ("AFIB", True), ("AFIB", False)]
    assert proposals[0]["urgency"] == "emergent"
    assert proposals[0]["duration_us"] == 1_000_000


def test_proposal_links_to_a_page_that_exists(client, feed):
    stream, group = feed.store_stream("208")
    feed.propose(stream, group, "VT", 100, 460)
    answer = figures(client)
    assert "annotation=" in answer["proposals"][0]["href"]
    for row in (*answer["proposals"], *answer["streams"]):
        assert client.get(row["href"]).status_code == 200


def test_totals_add_up_workers_and_proposals(client, feed):
    stream, group = feed.store_stream("208")
    feed.propose(stream, group, "VT", 100, 460)
    feed.propose(stream, group, "AFIB", 0, 720)
    feed.beat_heart("w-1")
    feed.beat_heart("w-2", lag=5, n_dead_letters=0)
    totals = figures(client)["totals"]
    assert totals["lag"] == 12
    assert totals["n_dead_letters"] == 2
    assert (totals["n_proposed"], totals["n_emergent"], totals["n_important"]) == (2, 1, 1)
    assert totals["n_samples"] == 3600


def test_worker_is_lost_when_its_heart_stopped_and_its_lag_counts_no_more(client, feed, database):
    feed.beat_heart()
    with database.transaction() as conn:
        conn.execute("UPDATE worker_status SET seen_us = seen_us - 31000000")
    answer = figures(client)
    assert answer["workers"][0]["state"] == "lost"
    assert answer["totals"]["lag"] is None


def test_worker_that_stopped_on_purpose_is_not_lost(client, feed, database):
    feed.beat_heart(state="stopped")
    with database.transaction() as conn:
        conn.execute("UPDATE worker_status SET seen_us = seen_us - 31000000")
    assert figures(client)["workers"][0]["state"] == "stopped"


def test_figures_send_a_point_once(client):
    first = figures(client)
    assert len(first["history"]) == 1
    assert figures(client, since_us=first["now_us"])["history"] == []


def test_figures_say_so_when_the_database_is_gone(client, database):
    database.close()
    answer = client.get("/dashboard/figures.json")
    assert answer.status_code == 503
    assert "database" in answer.json()["message"]


def test_plots_come_as_items_that_bokeh_embeds(client):
    items = client.get("/dashboard/plots.json").json()
    assert {name: item["target_id"] for name, item in items.items()} == {"throughput": "throughput", "lag": "lag"}
