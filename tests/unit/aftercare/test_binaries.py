"""Where the services come from, on made-up machines."""

from pathlib import Path

import pytest

from aftercare.embedded import binaries
from aftercare.embedded.binaries import Binaries, Origin


@pytest.fixture
def machine(tmp_path):
    def make(*majors):
        for major in majors:
            library = tmp_path / f"usr/lib/postgresql/{major}/lib/timescaledb.so"
            library.parent.mkdir(parents=True)
            library.touch()
        (tmp_path / "usr/sbin").mkdir(parents=True)
        (tmp_path / "usr/sbin/mosquitto").touch()
        return tmp_path

    return make


def test_the_newest_postgresql_with_timescaledb_is_taken(machine):
    found = binaries._look_in(machine(17, 18), Origin.PACKAGES)

    assert found.postgres_bin == "/usr/lib/postgresql/18/bin"
    assert found.mosquitto == "/usr/sbin/mosquitto"


def test_a_postgresql_that_is_too_old_is_none(machine):
    assert binaries._look_in(machine(15), Origin.PACKAGES) is None


def test_a_service_of_another_user_keeps_its_data_where_that_user_can_reach_it():
    own = Binaries(Origin.PACKAGES, "/bin", "/mosquitto")
    switched = Binaries(Origin.FOLDER, "/bin", "/mosquitto", root=Path("/folder"), user="postgres")

    assert own.home(Path("/home/me/state"), "up/postgres") == "/home/me/state/up/postgres"
    home = switched.home(Path("/home/me/state"), "up/postgres")
    assert home.startswith("/var/lib/aftercare/")
    assert home != switched.home(Path("/home/you/state"), "up/postgres")
    assert switched.shown(home) == f"/folder{home}"


def test_sudo_goes_before_everything():
    switched = Binaries(Origin.FOLDER, "/bin", "/mosquitto", root=Path("/folder"), user="postgres", sudo=True)

    command = switched.command(["/bin/postgres", "-D", "cluster"], home="/home")

    assert command[:2] == ["sudo", "-n"]
    assert command[command.index("--") + 1 :] == ["/bin/postgres", "-D", "cluster"]


def test_only_the_wheels_fall_short():
    assert Binaries(Origin.WHEELS, "/bin", None).shortcoming
    assert Binaries(Origin.FOLDER, "/bin", "/mosquitto").shortcoming is None
