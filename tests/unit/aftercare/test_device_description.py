"""What a person may say of a device."""

from datetime import UTC, datetime

import pytest

from aftercare.cli.devices.description import describe, read_device_file
from domain.errors import InvalidInputError

HEADER = "name,device_model,site,installed_at\n"


def test_what_is_left_out_has_its_default(catalog):
    device = describe({"name": "press-17", "device_model": "compressor", "installed_at": "2026-01-31"}, catalog)

    assert (device.service_centre, device.customer) == ("main", "")
    assert device.installed_at == datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "a/b"}, "cannot stand in a topic"),
        ({"name": "aftercare"}, "name of the platform"),
        ({"name": "aftercare-ingest"}, "name of the platform"),
        ({"device_model": "toaster"}, "no device model 'toaster'"),
        ({"installed_at": "yesterday"}, "not ISO 8601"),
        ({"customer": "A\x00"}, "customer has control characters"),
    ],
)
def test_a_device_that_cannot_be_is_told_why(catalog, fields, words):
    with pytest.raises(InvalidInputError, match=words):
        describe({"name": "press-17", "device_model": "compressor", **fields}, catalog)


def test_lines_that_describe_no_device_are_told_with_their_number(catalog, tmp_path):
    path = tmp_path / "fleet.csv"
    path.write_text(
        HEADER
        + 'a,compressor,"Halle\n(East)",\nb,toaster,Halle,\nc,compressor,Halle\na,compressor,Ulm,\nd,compressor,Ulm,\n'
    )

    content = read_device_file(path, catalog)

    assert list(content.devices) == ["a", "d"]
    assert [line for line, _ in content.rejects] == [3, 4, 5]


@pytest.mark.parametrize("text", ["", "name\nx\n", "name,device_model,colour\n", HEADER + '"open\n', "\xff"])
def test_a_file_that_is_no_device_file_is_refused(catalog, tmp_path, text):
    path = tmp_path / "fleet.csv"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(InvalidInputError, match=r"fleet\.csv"):
        read_device_file(path, catalog)
