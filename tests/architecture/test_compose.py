"""docker-compose.yml as far as it can be checked without a container engine."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from aftercare.cli.main import commands
from aftercare.settings import SECRETS_DIR, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
KNOWN_VARIABLES = {SECRETS_DIR, *(f"AFTERCARE_{name.upper()}" for name in Settings.model_fields)}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    subprocess.run([sys.executable, ROOT / "deploy/make-secrets", "--folder", folder], check=True)
    return folder


@pytest.mark.parametrize("name", SERVICES)
def test_the_command_exists(name):
    command = SERVICES[name].get("command", [])
    if command and command[0] == "aftercare":
        assert commands.get_command(click.Context(commands), command[1]) is not None


def test_every_process_of_aftercare_is_there():
    run = {service["command"][1] for service in SERVICES.values() if service.get("command", [""])[0] == "aftercare"}

    assert run == {"migrate", "devices", "ingest", "upkeep", "alarms", "diagnostics", "flows", "serve", "deliver"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_is_known_to_the_settings(name):
    variables = {key for key in SERVICES[name].get("environment", {}) if key.startswith("AFTERCARE_")}

    assert variables <= KNOWN_VARIABLES


def test_a_secret_is_named_like_the_setting_that_reads_it():
    read_by_us = {name for name in COMPOSE["secrets"] if name.startswith("aftercare_")}

    assert {name.upper() for name in read_by_us} <= KNOWN_VARIABLES


def test_every_secret_is_made_by_make_secrets(secrets):
    for secret in COMPOSE["secrets"].values():
        assert (secrets / Path(secret["file"]).name).stat().st_size > 0


def test_make_secrets_never_overwrites(secrets):
    before = {path: path.read_bytes() for path in secrets.iterdir()}

    subprocess.run([sys.executable, ROOT / "deploy/make-secrets", "--folder", secrets], check=True)

    assert {path: path.read_bytes() for path in secrets.iterdir()} == before


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_and_needed_is_there(name):
    service = SERVICES[name]
    mounted = [secret if isinstance(secret, str) else secret["source"] for secret in service.get("secrets", [])]
    assert set(mounted) <= set(COMPOSE["secrets"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    for source in (volume.split(":")[0] for volume in service.get("volumes", [])):
        assert (ROOT / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]
    if "build" in service:
        assert (ROOT / service["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_there_is_a_health_check_unless_it_ends_by_itself(name):
    service = SERVICES[name]
    if service["restart"] == "no":
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


def test_each_process_answers_for_itself_and_for_no_other():
    asked = {
        name: service["healthcheck"]["test"][1:]
        for name, service in SERVICES.items()
        if service.get("command", [""])[0] == "aftercare" and service["restart"] != "no"
    }
    own = ["check-health", f"http://127.0.0.1:{SERVICES['upkeep']['environment']['AFTERCARE_METRICS_PORT']}/health"]

    assert asked == {
        **dict.fromkeys(["ingest", "upkeep", "alarms", "diagnostics", "deliver", "flows"], own),
        "serve": ["check-health", "http://127.0.0.1:8080/api/v1/health"],
    }
    assert SERVICES["flows"]["environment"]["PREFECT_RUNNER_SERVER_PORT"] in own[1]


def test_only_devices_and_the_proxy_of_this_host_get_in():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"broker": ["8883:8883", "8884:8884"], "serve": ["127.0.0.1:8080:8080"]}


def test_only_the_migration_is_the_owner_of_the_tables(secrets):
    owner = {name for name, service in SERVICES.items() if "owner_database_url" in str(service.get("secrets"))}

    assert owner == {"migrate"}
    assert (secrets / "aftercare_database_url").read_text().startswith("postgresql://aftercare_app:")


def test_no_password_is_written_down():
    values = [value for service in SERVICES.values() for value in service.get("environment", {}).items()]

    assert not [key for key, _ in values if re.search("PASSWORD$|TOKEN$|SECRET$|DATABASE_URL$|MQTT_URL$", key)]


def test_images_are_pinned():
    assert all(re.search(r":\d+\.\d+\.\d+", service["image"]) for service in SERVICES.values())
