"""Sends one event or message at once, so that whoever sets a receiver up sees whether it works."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from alerts.answers import Answer
from alerts.cloud_events import test_event
from alerts.courier import tls_context
from alerts.notices import Notice
from alerts.transports.channel import tell
from alerts.transports.webhook import Webhook, WebhookSettings
from domain.clock import Clock
from domain.delivery import Receiver, ReceiverKind
from store.receivers import Secret


def try_receiver(receiver: Receiver, secret: Secret, *, source: str, local: bool, clock: Clock) -> Answer:
    """What became of it, within some seconds; it changes nothing about the receiver."""
    if receiver.kind is ReceiverKind.CHANNEL:
        notice = Notice("Aftercare: a test", "This channel works: alarms will be told here.", None)
        return tell(secret.address, notice, local=local)
    with ThreadPoolExecutor(1, "trial-resolver") as resolver:
        settings = WebhookSettings(clock, resolver, tls_context(), local)
        return asyncio.run(_post(settings, secret, source))


async def _post(settings: WebhookSettings, secret: Secret, source: str) -> Answer:
    event_id = f"test-{secrets.token_hex(8)}"
    webhook = Webhook(settings)
    try:
        return await webhook.post(secret, event_id, test_event(source, event_id, settings.clock()))
    finally:
        await webhook.close()
