"""What the command says, how fast, and how it fails."""

import subprocess
import sys
import time

import pytest

from rhythmark import arguments

HEAVY = ("numpy", "numba", "scipy", "bokeh", "psycopg", "kafka", "wfdb", "pandas", "fastapi", "uvicorn", "structlog")
COMMANDS = (
    "demo",
    "annotate",
    "evaluate",
    "pulses",
    "replay",
    "ingest",
    "serve",
    "streams",
    "reanalyse",
    "dead-letters",
    "export",
    "db",
    "user",
)


def test_help_imports_nothing_heavy():
    code = (
        "import sys, contextlib, rhythmark.__main__ as command\n"
        "with contextlib.suppress(SystemExit): command.main(['--help'])\n"
        f"print('loaded', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[-1] == "loaded []"


def test_help_answers_within_half_a_second(rhythmark):
    def seconds():
        began = time.perf_counter()
        assert rhythmark("--help").returncode == 0
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.5


def test_help_lists_every_command(rhythmark):
    said = rhythmark("--help").stdout
    listed = {line.split()[0] for line in said.splitlines() if line.startswith("    ") and line[4] != " "}
    assert set(COMMANDS) <= listed


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(rhythmark, command):
    assert rhythmark(command, "--help").stdout.startswith(f"usage: rhythmark {command}")


def test_version_is_said(rhythmark):
    assert rhythmark("--version").stdout.startswith("rhythmark 0.")


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["fly"],
        ["annotate"],
        ["annotate", "r", "--output", "o", "--channels", "0,0"],
        ["annotate", "r", "--output", "o", "--jobs", "0"],
        ["replay", "r", "--to", "pigeon"],
        ["replay", "r", "--to", "kafka", "--speed", "-1"],
        ["replay", "r", "--to", "kafka", "--speed", "nan"],
        ["serve", "--port", "70000"],
        ["demo", "--history", "0"],
        ["demo", "--history", "1e12"],
        ["user", "add", "ada", "--password", "secret"],
        ["dead-letters"],
        ["dead-letters", "show", "x/1"],
        ["dead-letters", "list", "--since", "yesterday"],
        ["dead-letters", "replay", "0/1", "--all"],
        ["export", "s", "--format", "pdf", "--output", "o"],
    ],
)
def test_usage_errors_end_with_2(rhythmark, wrong):
    done = rhythmark(*wrong)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "error:" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "variables", "message"),
    [
        (["streams"], {}, "error: RHYTHMARK_DSN or RHYTHMARK_DSN_FILE must name the database"),
        (["streams"], {"RHYTHMARK_PORT": "http"}, "error: RHYTHMARK_PORT must be within [0, 65535], got 'http'"),
        (["streams"], {"RHYTHMARK_DSN_FILE": "/nowhere"}, "error: RHYTHMARK_DSN_FILE must name a readable file"),
        (["streams"], {"RHYTHMARK_DSN": "postgresql://u:hush@127.0.0.1:1/x"}, "error: the database does not answer"),
        (["streams"], {"RHYTHMARK_DSN": "hush"}, "error: address of the database must be a URI"),
        (
            ["streams"],
            {"RHYTHMARK_DSN": "postgresql://u:hush@127.0.0.1:99999/x"},
            "error: port of the database must be within [1, 65535], got '99999'",
        ),
        (["ingest"], {}, "error: RHYTHMARK_KAFKA must name the brokers"),
        (["ingest"], {"RHYTHMARK_KAFKA": "localhost"}, "error: RHYTHMARK_KAFKA must be host:port"),
        (["serve"], {}, "error: RHYTHMARK_SECRET_FILE must name a file"),
        (["serve"], {"RHYTHMARK_SECRET": "short"}, "error: RHYTHMARK_SECRET must have at least 32 characters, got 5"),
        (["annotate", "nobody", "--output", "o"], {}, "error: record needs a readable header nobody.hea"),
        (
            ["annotate", ".", "--output", "o"],
            {},
            "error: folder . must hold at least one WFDB record (*.hea), got none",
        ),
        (["annotate", "r", "--output", "o", "--annotator", "a/b"], {}, "error: annotator must be 1 to 20 letters"),
        (["evaluate", "."], {}, "error: folder . must hold at least one WFDB record (*.hea), got none"),
        (["demo", "--record", ".", "--port", "0"], {}, "error: record must be named, got the folder '.'"),
        (["demo", "--record", "nobody", "--port", "0"], {}, "error: record needs a readable header nobody.hea"),
        (["evaluate", "nowhere"], {}, "error: nowhere must hold records with annotations .atr, got none"),
    ],
)
def test_failures_are_one_line_and_end_with_1(rhythmark, wrong, variables, message):
    done = rhythmark(*wrong, **variables)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr


def test_speed_max_is_without_pacing():
    parsed = arguments.parser().parse_args(["replay", "r", "--to", "kafka", "--speed", "max"])
    assert parsed.speed == float("inf")


def test_output_into_a_closed_pipe_ends_quietly(environment, tmp_path, database_dsn):
    command = f"{sys.executable} -m rhythmark db status | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        env=environment | {"RHYTHMARK_DSN": database_dsn},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}
    assert "Traceback" not in done.stderr
