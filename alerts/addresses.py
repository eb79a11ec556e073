"""Which addresses receivers may have: a webhook must not reach what only this machine should reach (OWASP: SSRF)."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from domain.errors import InvalidInputError

LONGEST = 2000
SETTING = "AFTERCARE_LOCAL_RECEIVERS"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_url(url: str) -> str:
    """The URL as it may be shown: without user, password, query. Raises InvalidInputError when it is no http(s) URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInputError(f"{url[:80]!r} is no URL: {error}") from error
    if parts.scheme not in ("http", "https") or not host or len(url) > LONGEST or not url.isascii() or " " in url:
        raise InvalidInputError(
            f"{url[:80]!r} cannot be a webhook: give http(s)://HOST/PATH in ASCII, at most {LONGEST} characters"
        )
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}{'?...' if parts.query else ''}"


def resolve(host: str, port: int, *, local: bool) -> list[str]:
    """The addresses of a host, those refused left out. `local`: loopback and link-local may be reached too.

    Connect to one of these and not to the name: asked again, it may mean another. Raises OSError when nothing knows
    the host, InvalidInputError when every address of it is refused.
    """
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except UnicodeError as error:
        raise OSError(f"{host[:80]!r} is no host name") from error
    allowed = [address for address in sorted(found, key=_by_family) if local or is_allowed(address)]
    if not allowed:
        raise InvalidInputError(
            f"{host} is this machine, a link-local or another address that is no server's: webhooks do not go there "
            f"unless {SETTING} is true"
        )
    return allowed


def is_allowed(text: str) -> bool:
    """Whether webhooks may go there. Private networks are: that is where the systems of a service organisation are."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = _embedded_v4(address) or address
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and not address.is_global)
    )


def _embedded_v4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """What an address stands for that is mapped (::ffff:0:0/96), 6to4 or translated by NAT64 (64:ff9b::/96)."""
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _by_family(address: str) -> tuple[bool, str]:
    return ":" in address, address
