"""A small project in a real database, for tests of what is done in one."""

from labeling_server.app import create_app
from labeling_server.settings import ServerSettings
from rhythmark.release.making import ReleaseFolder
from signal_processing.values import Block, Signal
from storage import catalogue, projects, readings, users, waveforms
from storage.annotation_row import Actor
from tests.labeling_server.conftest import PASSWORD

OPERATOR = Actor(None, "operator")
SECOND_US = 1_000_000
N_ITEMS = 6
LOGINS = {
    "ann": "reader",
    "bob": "reader",
    "judge": "adjudicator",
    "boss": "owner",
    "eye": "auditor",
    "rita": "researcher",
}


def make_project(database, recording, *, n_items=N_ITEMS):
    """Items of ten seconds and a person of each role."""
    with database.transaction() as conn:
        made = projects.create(conn, name="pilot", actor=OPERATOR)
        for login, role in LOGINS.items():
            users.create(conn, login=login, password=PASSWORD, role="viewer" if role == "researcher" else "reader")
            projects.give_role(conn, made, login, role, actor=OPERATOR)
        for number in range(n_items):
            start = recording.us_at(0) + number * 10 * SECOND_US
            readings.ensure_item(conn, made, recording.stream_id, start, start + 10 * SECOND_US)
    return made


def app_with_releases(database, folder):
    """The site, which makes releases into a folder."""
    settings = ServerSettings(secret_key="a secret of more than 32 characters", project="Tests")  # noqa: S106 - of a test
    return create_app(database, settings=settings, release_maker=ReleaseFolder(database, folder))


def add_patients(database, recording):
    """Two more recordings, of two more patients; gives their streams."""
    streams = []
    for name in ("other", "third"):
        signal = Signal(name, "ecg", recording.signal.fs_hz, recording.signal.t0_us, recording.signal.channels)
        with database.transaction() as conn:
            stream = catalogue.ensure_stream(
                conn, name=name, device="test", t0_us=signal.t0_us, patient_pseudonym=f"P-{name}"
            )
            group = catalogue.ensure_group(conn, stream.id, signal)
            waveforms.store_blocks(conn, group, [Block(0, recording.samples)])
            streams.append(stream.id)
    return streams


def make_project_of_three(database, recording, *, n_items):
    """Items of the recording, and one of each of two more patients: enough for three parts."""
    made = make_project(database, recording, n_items=n_items)
    for stream in add_patients(database, recording):
        with database.transaction() as conn:
            readings.ensure_item(conn, made, stream, recording.us_at(0), recording.us_at(2500))
    return made


def span(item, label="AFIB", shift_us=0):
    """A reading with one span of three seconds."""
    start = item["start_us"] + SECOND_US + shift_us
    return {"answer": "read", "marks": [{"start_us": start, "end_us": start + 3 * SECOND_US, "label": label}]}


def next_of(client, project):
    """What a reader is given."""
    answer = client.write("POST", f"/api/projects/{project.id}/next", {})
    assert answer.status_code == 200, answer.text
    return answer.json()


def read_all(client, project, reading_of):
    """Read every item; gives them."""
    done = []
    while (item := next_of(client, project)["item"]) is not None:
        answer = client.write("POST", f"/api/items/{item['id']}/reading", reading_of(item))
        assert answer.status_code == 200, answer.text
        done.append(item)
    return done


def design(client, project, **more):
    """Set how it is read, and deal out."""
    body = {"n_readers": 2, "double_share": 1.0} | more
    answer = client.write("PUT", f"/api/projects/{project.id}/design", body)
    assert answer.status_code == 200, answer.text
    return answer.json()
