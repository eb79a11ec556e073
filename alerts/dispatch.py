"""Sends each receiver what it subscribed to, each at its own pace: one that is away or hangs delays no other."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog

from alerts.answers import Answer, Verdict
from alerts.courier import Courier, CourierSettings
from alerts.dispatch_metrics import DispatchMetrics
from alerts.window import Attempted, Work, next_work, note_attempted
from domain.clock import Clock
from domain.delivery import ReceiverState
from store import outbox, receivers
from store.database import Connection, Database, connect
from store.failures import is_of_the_database
from store.listen import listen

log = structlog.get_logger()
T = TypeVar("T")
LOOK_AGAIN = 1.0
"""Seconds after which receivers that were added or resumed are looked for, and clocks that run faster are followed."""
DATABASE_THREADS, RESOLVER_THREADS, CHANNEL_THREADS = 4, 16, 16
STOP_WITHIN = 5.0
"""Seconds that what is on its way has at the end; what is not answered by then is sent again by the next process."""


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """source: names this installation in events. local: receivers on this machine are allowed. give_up_after: so long
    a receiver may fail in a row."""

    source: str = "/aftercare"
    local: bool = False
    give_up_after: timedelta = timedelta(days=5)


def dispatch(
    database: Database,
    *,
    clock: Clock,
    stop: threading.Event,
    metrics: DispatchMetrics,
    settings: DispatchSettings,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Deliver to every receiver until `stop` is set. `beat` is called about once a second.

    Several processes may run it: each receiver is held by one of them. A database that is away is waited for.
    """
    asyncio.run(_Dispatch(database, clock, stop, metrics, settings, beat).run())


class _Dispatch:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        stop: threading.Event,
        metrics: DispatchMetrics,
        settings: DispatchSettings,
        beat: Callable[[], None],
    ) -> None:
        self._database, self._clock, self._stop = database, clock, stop
        self._metrics, self._settings, self._beat = metrics, settings, beat
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._news: dict[int, asyncio.Event] = {}
        self._ending = False

    async def run(self) -> None:
        with ExitStack() as stack:
            self._threads = stack.enter_context(ThreadPoolExecutor(DATABASE_THREADS, "dispatch-database"))
            self._courier_settings = CourierSettings(
                clock=self._clock,
                source=self._settings.source,
                local=self._settings.local,
                resolver=_left_behind(stack, RESOLVER_THREADS, "dispatch-resolver"),
                channels=_left_behind(stack, CHANNEL_THREADS, "dispatch-channels"),
                ending=lambda: self._ending,
            )
            listener = stack.enter_context(ThreadPoolExecutor(1, "dispatch-listener"))
            loop = asyncio.get_running_loop()
            hearing = loop.run_in_executor(listener, self._hear, loop)
            try:
                while not self._stop.is_set():
                    await self._hold_receivers(hearing)
            finally:
                self._stop.set()
                await self._end()
                await hearing

    async def _hold_receivers(self, hearing: asyncio.Future[None]) -> None:
        """While the connection lives that holds them, look every second which receivers are to be served here. Raises
        what has ended `hearing`, without which nobody would be woken."""
        holding: Connection | None = None
        self._ending = False
        try:
            holding = await self._apart(
                lambda: connect(self._database.url, autocommit=True, application_name="aftercare deliver")
            )
            while not self._stop.is_set():
                self._beat()
                if hearing.done():
                    hearing.result()
                await self._apart(partial(self._hold_new, holding, asyncio.get_running_loop()))
                for receiver_id in [one for one, task in self._tasks.items() if task.done()]:
                    self._tasks.pop(receiver_id).result()
                    await self._apart(partial(receivers.let_go, holding, receiver_id))
                await asyncio.sleep(LOOK_AGAIN)
        except Exception as error:
            if not is_of_the_database(error):
                raise
            log.warning("dispatch waits for the database", reason=str(error).strip().partition("\n")[0])
            await self._end()
            self._beat()
            await asyncio.sleep(LOOK_AGAIN)
        finally:
            if holding is not None:
                await self._end()
                holding.close()

    def _hold_new(self, holding: Connection, loop: asyncio.AbstractEventLoop) -> None:
        for receiver_id, name in receivers.active(holding).items():
            if receiver_id not in self._tasks and receivers.hold(holding, receiver_id):
                loop.call_soon_threadsafe(self._serve, receiver_id, name)

    def _serve(self, receiver_id: int, name: str) -> None:
        if receiver_id not in self._tasks and not self._ending:
            self._news[receiver_id] = asyncio.Event()
            self._tasks[receiver_id] = asyncio.create_task(self._deliver(receiver_id, name))

    async def _deliver(self, receiver_id: int, name: str) -> None:
        """Until the receiver is removed or stopped."""
        news = self._news[receiver_id]
        log.info("receiver served", receiver=name)
        async with Courier(self._courier_settings) as courier:
            while not self._ending:
                news.clear()
                work = await self._in_transaction(partial(next_work, receiver_id=receiver_id, now=self._clock()))
                if work is None:
                    return
                if work.batch:
                    if await self._attempt(courier, work) is ReceiverState.STOPPED:
                        return
                elif work.wait_until is None:
                    await news.wait()
                else:
                    await self._wait(news, (work.wait_until - self._clock()).total_seconds())

    async def _attempt(self, courier: Courier, work: Work) -> ReceiverState:
        try:
            attempted = await courier.send(work)
        except Exception as error:  # a fault of ours with one receiver must not end the others
            log.exception("delivery broke", receiver=work.receiver.name)
            attempted = Attempted(away=Answer(Verdict.AWAY, f"Aftercare could not send it: {error!r}"[:300]))
        note = partial(
            note_attempted,
            receiver=work.receiver,
            attempted=attempted,
            now=self._clock(),
            chance=random.random(),  # noqa: S311 - spreads retries, guards nothing
            give_up_after=self._settings.give_up_after,
        )
        state = await self._in_transaction(note)
        self._tell(work, attempted, state)
        return state

    def _tell(self, work: Work, attempted: Attempted, state: ReceiverState) -> None:
        name = work.receiver.name
        self._metrics.note(name, len(attempted.delivered), failures=len(attempted.refused) + bool(attempted.away))
        if attempted.delivered:
            log.info("changes delivered", receiver=name, count=len(attempted.delivered))
        for delivery, reason in attempted.refused:
            log.warning("change refused", receiver=name, feed_seq=delivery.entry.feed_seq, reason=reason)
        if state is ReceiverState.STOPPED:
            gone = attempted.away is not None and attempted.away.verdict is Verdict.GONE
            log.error("receiver stopped", receiver=name, reason="gone" if gone else "failed for too long")
        elif attempted.away is not None:
            log.warning("receiver away", receiver=name, reason=attempted.away.reason)

    def _hear(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread of its own: number what was committed, and wake everybody who waits for news."""
        behind = False
        for heard in listen(self._database.url, "outbox", timeout=0.5):
            if self._stop.is_set():
                return
            behind = behind or heard
            if not behind:
                continue
            try:
                with self._database.transaction() as connection:
                    outbox.number_feed(connection)
                loop.call_soon_threadsafe(self._wake)
                behind = False
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                log.warning("dispatch waits for the database", reason=str(error).strip().partition("\n")[0])

    def _wake(self) -> None:
        for news in self._news.values():
            news.set()

    async def _wait(self, news: asyncio.Event, seconds: float) -> None:
        try:
            await asyncio.wait_for(news.wait(), min(max(seconds, 0.01), LOOK_AGAIN))
        except TimeoutError:
            return

    async def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        """Waits for a database that is away: what was sent and not noted would be sent again."""
        while True:
            try:
                return await self._apart(partial(_commit, self._database, work))
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                await asyncio.sleep(LOOK_AGAIN)

    async def _apart(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _end(self) -> None:
        self._ending = True
        self._wake()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=STOP_WITHIN)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        self._news.clear()


def _commit(database: Database, work: Callable[[Connection], T]) -> T:
    with database.transaction() as connection:
        return work(connection)


def _left_behind(stack: ExitStack, threads: int, name: str) -> Executor:
    """Threads that nobody waits for at the end: a name server may hang for longer than anybody wants to wait."""
    pool = ThreadPoolExecutor(threads, name)
    stack.callback(pool.shutdown, wait=False, cancel_futures=True)
    return pool
