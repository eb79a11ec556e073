"""Tells people by whatever Apprise can: mail, Slack, Teams, Telegram, SMS gateways and a hundred more."""

from __future__ import annotations

import apprise

from alerts.addresses import resolve
from alerts.answers import Answer, Verdict
from alerts.notices import Notice
from domain.alarm import Severity
from domain.errors import InvalidInputError

KINDS = {
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
    Severity.MAJOR: apprise.NotifyType.WARNING,
    Severity.MINOR: apprise.NotifyType.WARNING,
    Severity.WARNING: apprise.NotifyType.INFO,
}


def check_channel(address: str, *, local: bool) -> str:
    """The address as it may be shown. Raises InvalidInputError when Apprise cannot read it, or may not go there."""
    plugin = _plugin(address)
    _check_host(plugin, local=local)
    shown: str = plugin.url(privacy=True)  # type: ignore[no-untyped-call]
    return shown.partition("?")[0]


def tell(address: str, notice: Notice, *, local: bool) -> Answer:
    """Send one message and wait for what becomes of it: some seconds at most. Never raises for what a service does."""
    try:
        plugin = _plugin(address)
        _check_host(plugin, local=local)
    except InvalidInputError as error:
        return Answer(Verdict.AWAY, str(error))
    sender = apprise.Apprise()
    sender.add(plugin)
    kind = KINDS[notice.severity] if notice.severity else apprise.NotifyType.INFO
    if sender.notify(title=notice.title, body=notice.body or notice.title, notify_type=kind):
        return Answer(Verdict.DELIVERED)
    return Answer(Verdict.AWAY, f"{plugin.service_name} did not take it: check the address and that the service is up")


def _plugin(address: str) -> apprise.NotifyBase:
    asset = apprise.AppriseAsset(http_redirects=False)
    plugin = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if not isinstance(plugin, apprise.NotifyBase):
        kind = address.partition("://")[0][:20]
        raise InvalidInputError(
            f"the channel's address {kind}://... says Apprise nothing: give one such as "
            "mailtos://USER:PASSWORD@HOST?to=NAME@HOST or slack://TOKEN, see the list of Apprise's services"
        )
    plugin.redirects = False  # whatever the address says
    return plugin


def _check_host(plugin: apprise.NotifyBase, *, local: bool) -> None:
    """Some services have no host, but a token in its place."""
    host = getattr(plugin, "host", None)
    if not host:
        return
    try:
        resolve(str(host), 0, local=local)
    except OSError:
        return
