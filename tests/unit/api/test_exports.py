"""Downloads: what is not taken is not made."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

from starlette.types import Message

from api.exports import Download


def test_a_client_that_leaves_ends_its_download() -> None:
    made: list[int] = []
    ended: list[bool] = []

    def pieces() -> Generator[bytes, None, None]:
        try:
            while True:
                made.append(len(made))
                yield b"a line\n"
        finally:
            ended.append(True)

    async def leave() -> Message:
        while len(made) < 10:
            await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def take(_: Message) -> None:
        """As a server does for whom nobody listens any more."""

    async def download() -> None:
        await asyncio.wait_for(Download(pieces(), "text/csv", "lines.csv")({"type": "http"}, leave, take), 5)

    asyncio.run(download())
    assert ended
    assert len(made) < 1000
