"""Which addresses webhooks may have."""

from __future__ import annotations

import pytest

from alerts.addresses import check_url, is_allowed, resolve
from domain.errors import InvalidInputError


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("10.1.2.3", True),
        ("192.168.7.7", True),
        ("2606:2800:220:1::1", True),
        ("fd12:3456::1", True),
        ("127.0.0.1", False),
        ("127.8.9.1", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
    ],
)
def test_this_machine_and_its_link_are_out_of_reach(address: str, allowed: bool) -> None:
    assert is_allowed(address) is allowed


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::1]".strip("[]")])
def test_other_ways_to_write_this_machine_are_seen_through(host: str) -> None:
    with pytest.raises(InvalidInputError, match="AFTERCARE_LOCAL_RECEIVERS"):
        resolve(host, 80, local=False)
    assert resolve(host, 80, local=True)


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "example.com/x", "http://", "http://[::1", "http://a:99999/", "",
     "http://exämple.com/", "http://example.com/a b", "http://example.com/" + "x" * 2000],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError):
        check_url(url)


def test_passwords_and_tokens_are_not_shown() -> None:
    assert check_url("https://me:secret@example.com:8443/in?token=secret") == "https://example.com:8443/in?..."
