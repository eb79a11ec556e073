"""Why a row's device cannot be imported."""

import pytest

from ingest.history_devices import KnownDevices

KNOWN = KnownDevices({"ours": 1}, {"press": "compressor"})


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "no device is named"),
        ("press", "press is a device of model compressor"),
        ("bad name", "'bad name' cannot be the name of a device: use at most 128 letters, digits, . _ : and -"),
        ("stranger", "stranger is not registered: list it in the file of --devices, or import without one"),
    ],
)
def test_each_wrong_name_has_a_reason_of_its_own(name, why):
    assert KNOWN.why_not(name) == why
