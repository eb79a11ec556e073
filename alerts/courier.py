"""Takes a batch of changes to one receiver: changes of one subject in order, different subjects side by side."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType

from alerts.answers import Answer, Verdict
from alerts.cloud_events import event_of
from alerts.notices import notice_of
from alerts.transports.channel import tell
from alerts.transports.webhook import PARALLEL, Webhook, WebhookSettings
from alerts.window import Attempted, Work
from domain.clock import Clock
from store.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class CourierSettings:
    """What couriers share: threads for look-ups of hosts and for the services of people, which both may hang. ending:
    begin with nothing new, so that what was sent can be noted."""

    clock: Clock
    source: str
    local: bool
    resolver: Executor
    channels: Executor
    ending: Callable[[], bool]


@dataclass(slots=True)
class _Tally:
    delivered: list[Delivery] = field(default_factory=list)
    refused: list[tuple[Delivery, str]] = field(default_factory=list)
    away: Answer | None = None

    def note(self, delivery: Delivery, answer: Answer) -> bool:
        """Whether to go on with the next change of the same subject."""
        if answer.verdict is Verdict.DELIVERED:
            self.delivered.append(delivery)
            return True
        if answer.verdict is Verdict.REFUSED:
            self.refused.append((delivery, answer.reason))
        elif self.away is None or answer.verdict is Verdict.GONE:
            self.away = answer
        return False


class Courier:
    """Of one receiver, for as long as it is served here."""

    def __init__(self, settings: CourierSettings) -> None:
        self._settings = settings
        self._webhook: Webhook | None = None

    async def __aenter__(self) -> Courier:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._webhook is not None:
            await self._webhook.close()

    async def send(self, work: Work) -> Attempted:
        """Send what is due. When the receiver is away the rest is left, and so is the rest of a refused subject."""
        if work.receiver.person is not None:
            return await self._tell(work)
        tally, free = _Tally(), asyncio.Semaphore(PARALLEL)
        subjects: dict[tuple[str, int], list[Delivery]] = {}
        for delivery in work.batch:
            subjects.setdefault(delivery.subject, []).append(delivery)
        await asyncio.gather(*(self._post(work, changes, tally, free) for changes in subjects.values()))
        return Attempted(tally.delivered, tally.refused, tally.away)

    async def _post(self, work: Work, changes: Sequence[Delivery], tally: _Tally, free: asyncio.Semaphore) -> None:
        webhook = self._webhook = self._webhook or Webhook(self._webhook_settings())
        async with free:
            for delivery in changes:
                if tally.away is not None or self._settings.ending():
                    return
                body = event_of(delivery.entry, self._settings.source)
                answer = await webhook.post(work.secret, str(delivery.entry.feed_seq), body)
                if not tally.note(delivery, answer):
                    return

    async def _tell(self, work: Work) -> Attempted:
        notice = notice_of([delivery.entry for delivery in work.batch])
        answer = await asyncio.get_running_loop().run_in_executor(
            self._settings.channels, lambda: tell(work.secret.address, notice, local=self._settings.local)
        )
        if answer.verdict is Verdict.DELIVERED:
            return Attempted(delivered=work.batch)
        return Attempted(away=answer)

    def _webhook_settings(self) -> WebhookSettings:
        return WebhookSettings(self._settings.clock, self._settings.resolver, tls_context(), self._settings.local)


@cache
def tls_context() -> ssl.SSLContext:
    """One for all: to read the certificates of the authorities takes long."""
    return ssl.create_default_context()
