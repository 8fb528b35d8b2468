"""What the container files promise, checked without an engine: schema, lint, and our own rules for services."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker" / "compose.yaml"
ONE_SHOT = {"migrate"}


def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


SERVICES = services()


def environment(service):
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def test_compose_file_follows_the_compose_schema():
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_file_holds_broker_database_migration_worker_and_server():
    assert set(SERVICES) == {"kafka", "timescaledb", "migrate", "ingest", "server"}


@pytest.mark.parametrize("name", SERVICES)
def test_service_pins_its_image_by_a_version(name):
    tag = SERVICES[name]["image"].partition(":")[2]
    assert tag
    assert tag[0].isdigit()


@pytest.mark.parametrize("name", SERVICES)
def test_service_runs_hardened(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "network_mode" not in service
    assert service["user"] not in {"root", "0", 0}


@pytest.mark.parametrize("name", SERVICES)
def test_service_writes_to_named_volumes_and_memory_only(name):
    named = yaml.safe_load(COMPOSE.read_text())["volumes"]
    for volume in SERVICES[name].get("volumes", []):
        assert volume.partition(":")[0] in named


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_service_that_stays_has_a_health_check_and_comes_back(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_service_that_runs_once_gives_up_after_some_failures(name):
    assert SERVICES[name]["restart"].startswith("on-failure:")


@pytest.mark.parametrize("name", SERVICES)
def test_service_gets_secrets_as_files_never_as_values(name):
    for variable, value in environment(SERVICES[name]).items():
        if any(word in variable for word in ("PASSWORD", "SECRET", "KEY", "TOKEN")):
            assert variable.endswith("_FILE")
            assert value.removeprefix("/run/secrets/") in SERVICES[name]["secrets"]
        assert "@" not in value or ":" not in value.partition("@")[0].partition("//")[2], (
            "an address with a password in it"
        )


def test_services_wait_for_what_they_need():
    needs = {
        name: {other: rule["condition"] for other, rule in SERVICES[name].get("depends_on", {}).items()}
        for name in SERVICES
    }
    assert needs["migrate"] == {"timescaledb": "service_healthy"}
    assert needs["server"] == {"migrate": "service_completed_successfully"}
    assert needs["ingest"] == {
        "kafka": "service_healthy",
        "migrate": "service_completed_successfully",
    }


def test_only_the_server_is_reachable_and_only_from_this_machine():
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(ports) == ["server"]
    assert all(port.startswith("127.0.0.1:") for port in ports["server"])
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {"server"}


def test_secrets_are_files_that_git_ignores():
    secrets = yaml.safe_load(COMPOSE.read_text())["secrets"]
    for secret in secrets.values():
        path = f"docker/{secret['file']}"
        assert subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False).returncode == 0


def test_configs_and_build_inputs_exist():
    compose = yaml.safe_load(COMPOSE.read_text())
    for config in compose["configs"].values():
        assert (COMPOSE.parent / config["file"]).is_file()
    for service in compose["services"].values():
        if "build" in service:
            assert (COMPOSE.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
