"""Posts events to one webhook: signed, to an address that was checked, without following it elsewhere."""

from __future__ import annotations

import asyncio
import ssl
from concurrent.futures import Executor
from dataclasses import dataclass

import httpx

from alerts.addresses import resolve
from alerts.answers import Answer, Verdict, judge
from alerts.cloud_events import CONTENT_TYPE
from alerts.signing import signed_headers
from domain.clock import Clock
from domain.errors import InvalidInputError
from store.receivers import Secret

ANSWER_WITHIN = 10.0
"""Seconds for all of it: to find the host, connect, send and be answered."""
PARALLEL = 8
MOST_READ = 65_536
"""Bytes of an answer that are read, so that its connection can serve again; nothing looks at them."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """What all webhooks share. resolver: looks up hosts, apart from everything else, because that may hang."""

    clock: Clock
    resolver: Executor
    tls: ssl.SSLContext
    local: bool = False


class Webhook:
    """Connections to one receiver, at most `PARALLEL`."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=settings.tls,
            timeout=ANSWER_WITHIN,
            limits=httpx.Limits(max_connections=PARALLEL, max_keepalive_connections=PARALLEL),
            headers={"User-Agent": "Aftercare", "Content-Type": CONTENT_TYPE},
        )

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    async def post(self, secret: Secret, event_id: str, body: bytes) -> Answer:
        """Send one event and tell what became of it; never raises for what a receiver, its address or the line does."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await self._post(httpx.URL(secret.address), self._headers(secret, event_id, body), body)
        except TimeoutError:
            return Answer(Verdict.AWAY, f"no answer within {ANSWER_WITHIN:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, InvalidInputError) as error:
            return Answer(Verdict.AWAY, f"{type(error).__name__}: {str(error)[:300]}".rstrip(": "))

    def _headers(self, secret: Secret, event_id: str, body: bytes) -> dict[str, str]:
        now = self._settings.clock()
        keys = [secret.secret]
        if secret.previous_secret and secret.previous_until and now < secret.previous_until:
            keys.append(secret.previous_secret)
        return dict(signed_headers(event_id, body, keys=keys, now=now))

    async def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes) -> Answer:
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        loop = asyncio.get_running_loop()
        addresses = await loop.run_in_executor(
            self._settings.resolver, lambda: resolve(url.host, port, local=self._settings.local)
        )
        headers["Host"] = url.netloc.decode("ascii")
        for address in addresses[:-1]:
            try:
                return await self._post_to(url.copy_with(host=address), url.host, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._post_to(url.copy_with(host=addresses[-1]), url.host, headers, body)

    async def _post_to(self, url: httpx.URL, host: str, headers: dict[str, str], body: bytes) -> Answer:
        request = self._client.build_request(
            "POST", url, headers=headers, content=body, extensions={"sni_hostname": host, "timeout": {}}
        )
        response = await self._client.send(request, stream=True)
        try:
            answer = judge(response.status_code, response.headers.get("retry-after", ""))
            if "content-length" not in response.headers or int(response.headers["content-length"]) <= MOST_READ:
                await _read_some(response)
            return answer
        finally:
            await response.aclose()


async def _read_some(response: httpx.Response) -> None:
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > MOST_READ:
            return
