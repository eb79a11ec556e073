"""Data that runs left on this machine, in folders as the lifeline makes them."""

import fcntl

from aftercare.embedded import homes
from aftercare.embedded.binaries import privileged_folder
from aftercare.embedded.homes import data_homes, host_path


def test_the_data_of_other_runs_is_found_with_its_size_and_whether_it_is_in_use(tmp_path, monkeypatch):
    monkeypatch.setattr(homes, "PRIVILEGED_HOME", "/var/lib/aftercare-of-the-tests")
    state = tmp_path / "state"
    root = tmp_path / "debian13/var/lib/aftercare-of-the-tests"
    own = privileged_folder(state).rpartition("/")[2]
    for name in (own, "00c0ffee", "0badcafe"):
        (root / name / "up/postgres").mkdir(parents=True)
        (root / name / "up/postgres.lock").touch()
        (root / name / "up/postgres/data").write_bytes(b"x" * 100_000)
    (root / "wheels").mkdir()

    with (root / "00c0ffee/up/postgres.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = {home.folder.name: home for home in data_homes(tmp_path, state)}

    assert sorted(found) == ["00c0ffee", "0badcafe"]
    assert [found[name].in_use for name in sorted(found)] == [True, False]
    assert all(100_000 <= home.size < 200_000 for home in found.values())


def test_a_folder_that_a_service_tells_is_found_below_the_root_that_it_sees(tmp_path):
    (tmp_path / "debian13/var/lib/aftercare/1234/up").mkdir(parents=True)
    there = tmp_path / "debian13/var/lib/aftercare/1234/up/postgres"

    assert host_path("/var/lib/aftercare/1234/up/postgres", tmp_path) == there
    assert host_path(str(tmp_path), tmp_path / "elsewhere") == tmp_path
