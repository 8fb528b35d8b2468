"""What `make` does on machines that lack something; programs are stubs on a PATH of the test's own."""

import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / ".ci"
SHELL = "/bin/sh"
EVERYTHING = ("java", "mvn", "chromium")


@pytest.fixture
def machine(tmp_path):
    """Gives a function that puts a program on the PATH, and one that runs a script there."""

    class Machine:
        def has(self, name, body="exit 0"):
            program = tmp_path / name
            program.write_text(f"#!{SHELL}\n{body}\n")
            program.chmod(0o755)

        def run(self, script, *arguments):
            return subprocess.run(
                [SHELL, SCRIPTS / script, *arguments],
                env={"PATH": str(tmp_path)},
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )

        def installed(self):
            log = tmp_path / "apt.log"
            return log.read_text().splitlines() if log.exists() else []

    return Machine()


def test_packages_are_left_alone_when_everything_is_there(machine):
    for program in EVERYTHING:
        machine.has(program)
    machine.has("apt-get", 'echo "$@" >> apt.log')
    done = machine.run("system-packages")
    assert (done.returncode, done.stdout, machine.installed()) == (0, "", [])


def test_packages_that_are_missing_are_named_in_one_line_to_an_ordinary_user(machine):
    machine.has("java")
    machine.has("id", "echo 1000")
    done = machine.run("system-packages")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert "maven chromium" in done.stdout
    assert "skipped" in done.stdout


def test_packages_are_installed_by_root_and_lists_fetched_only_when_needed(machine):
    machine.has("java")
    machine.has("mvn")
    machine.has("id", "echo 0")
    # the first install fails, as on an image without lists; the second finds the package
    machine.has(
        "apt-get",
        'echo "$1" >> apt.log\n'
        'if [ "$1" = update ]; then : > lists; exit 0; fi\n'
        "[ -e lists ] || exit 100\n"
        'printf "#!/bin/sh\\n" > chromium; /bin/chmod 755 chromium',
    )
    done = machine.run("system-packages")
    assert done.returncode == 0, done.stderr
    assert machine.installed() == ["install", "update", "install"]
    assert "not on this machine" not in done.stdout


def test_packages_that_cannot_be_had_are_named_and_nothing_fails(machine):
    machine.has("id", "echo 0")
    machine.has("apt-get", "exit 100")
    done = machine.run("system-packages")
    assert done.returncode == 0
    assert "not on this machine" in done.stdout


def test_environment_refuses_an_old_python_in_one_line(machine):
    machine.has("python3", 'case "$1" in -V) echo Python 3.9.2;; *) exit 1;; esac')
    done = machine.run("make-environment", "venv")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "3.11, 3.12 or 3.13" in done.stderr
    assert "found: Python 3.9.2" in done.stderr


def test_environment_says_what_to_install_when_python_lacks_venv(machine):
    machine.has("python3", 'case "$2" in *version_info*print*|*"%d"*) echo 3.11;; *) echo no;; esac')
    machine.has("id", "echo 1000")
    done = machine.run("make-environment", "venv")
    assert done.returncode == 1
    assert "python3.11-venv" in done.stderr


def test_environment_takes_the_first_python_that_fits(machine):
    machine.has("python3", "exit 1")
    machine.has("python3.12", 'case "$1" in -c) echo yes;; -V) echo Python 3.12.1;; *) echo "$@" > made;; esac')
    done = machine.run("make-environment", "venv")
    assert done.returncode == 0, done.stderr
    assert "Python 3.12.1" in done.stdout
