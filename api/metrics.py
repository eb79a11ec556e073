"""Counters of the API's own work for Prometheus."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.feed import Feed

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Requests by route, method and status, with their duration; and the feed's listeners."""

    def __init__(self, feed: Feed) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "aftercare_http_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "aftercare_http_request_seconds", "Seconds to answer", ["route"], registry=self.registry, buckets=BUCKETS
        )
        self.limited = Counter(
            "aftercare_http_rate_limited", "Requests refused because their sender sent too many", registry=self.registry
        )
        self.registry.register(_FeedFigures(feed))


class Measure:
    """ASGI middleware: counts each request under its route's template, so that ids do not make a series each."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begin = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "unknown")
                self._metrics.requests.labels(route, scope["method"], message["status"]).inc()
                self._metrics.seconds.labels(route).observe(time.perf_counter() - begin)
            await send(message)

        return await self._app(scope, receive, counted)


class _FeedFigures(Collector):
    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def collect(self) -> list[GaugeMetricFamily | CounterMetricFamily]:
        return [
            GaugeMetricFamily("aftercare_feed_listeners", "Open feed streams", self._feed.listeners),
            CounterMetricFamily("aftercare_feed_cuts", "Listeners cut because they were too slow", self._feed.cuts),
        ]
