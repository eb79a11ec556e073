"""Line charts as numbers for an SVG template: scales, ticks, path data. Pure; nothing here knows of HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

WIDE, NARROW, HEIGHT = 720, 420, 130
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 22
STEPS = (
    [timedelta(seconds=s) for s in (1, 5, 15, 30)]
    + [timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 180, 360, 720)]
    + [timedelta(days=d) for d in (1, 2, 7, 14, 30, 90, 180, 365)]
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in SVG units, with its label; on the time axis also the instant itself."""

    at: float
    label: str
    moment: datetime | None = None


TICK_FORMS = ((timedelta(minutes=1), "%H:%M:%S"), (timedelta(days=1), "%H:%M"), (timedelta(days=90), "%d %b"))


class Pin(NamedTuple):
    """Something that happened at an instant, on the time axis. `kind` chooses its shape."""

    at: datetime
    label: str
    kind: str = "note"
    href: str = ""


class Stretch(NamedTuple):
    """Something that lasted; `until` is None while it does."""

    since: datetime
    until: datetime | None
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class PinMark:
    """A pin in SVG units."""

    at: float
    label: str
    kind: str
    href: str


@dataclass(frozen=True, slots=True)
class StretchMark:
    """A stretch in SVG units."""

    at: float
    width: float
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One line over time, with the band between least and greatest value of each point."""

    line: str
    band: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    pins: Sequence[PinMark]
    stretches: Sequence[StretchMark]
    threshold: float | None
    last: float | None
    last_x: float | None
    last_y: float | None
    width: int
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM

    @property
    def right(self) -> int:
        return self.width - RIGHT

    @property
    def named(self) -> bool:
        """Whether there is room for the labels of pins; on a narrow chart they show on hovering."""
        return self.width >= WIDE


@dataclass(frozen=True, slots=True)
class Series:
    """Values at instants; None where there is none. `low` and `high` bound what a point stands for. Points that lie
    further apart than `gap` are not joined: nobody knows what was between them."""

    ts: Sequence[datetime]
    mean: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]
    gap: timedelta | None = None


def chart(
    series: Series,
    since: datetime,
    until: datetime,
    *,
    pins: Sequence[Pin] = (),
    stretches: Sequence[Stretch] = (),
    threshold: float | None = None,
    share: bool = False,
    width: int = WIDE,
) -> Chart | None:
    """A chart of the range; None when no value lies in it. `share`: values are
    probabilities, shown from 0 to 10, 20, 50 or 100%."""
    values = [value for side in (series.low, series.high) for value in side if value is not None]
    if not values or until <= since:
        return None
    low, high = (0.0, _top_share(max(*values, threshold or 0.0))) if share else _padded(min(values), max(values))
    ticks = [0.0, high / 2, high] if share else _round_steps(low, high)

    def x(moment: datetime) -> float:
        return round(LEFT + (max(moment, since) - since) / (until - since) * (width - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    pieces = list(_pieces(series))
    last_at, last = pieces[-1][-1][:2] if pieces else (None, None)
    return Chart(
        line="".join(_path([(x(ts), y(mean)) for ts, mean, *_ in piece]) for piece in pieces),
        band="".join(_band([(x(ts), y(least), y(most)) for ts, _, least, most in piece]) for piece in pieces),
        x_ticks=_time_ticks(since, until, x, wanted=width // 80),
        y_ticks=[Tick(y(value), f"{value:.0%}" if share else _plain(value, ticks)) for value in ticks],
        pins=[PinMark(x(pin.at), pin.label, pin.kind, pin.href) for pin in pins if since <= pin.at <= until],
        stretches=[
            StretchMark(start, max(round(x(min(one.until or until, until)) - start, 1), 1.5), one.label, one.kind)
            for one in stretches
            if one.since < until and (one.until is None or one.until > since)
            for start in [x(max(one.since, since))]
        ],
        threshold=y(threshold) if threshold is not None and low <= threshold <= high else None,
        last=last,
        last_x=x(last_at) if last_at is not None else None,
        last_y=y(last) if last is not None else None,
        width=width,
    )


def _top_share(most: float) -> float:
    """Where the axis of a probability ends, so that a low threshold can still be told from none."""
    return next((top for top in (0.1, 0.2, 0.5) if most <= 0.9 * top), 1.0)


def _padded(low: float, high: float) -> tuple[float, float]:
    room = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def _round_steps(low: float, high: float, wanted: int = 4) -> list[float]:
    raw = (high - low) / wanted
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if scale * factor >= raw)
    first = math.ceil(low / step)
    return [index * step for index in range(first, math.floor(high / step) + 1)]


def _plain(value: float, ticks: Sequence[float]) -> str:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if f"{step:.1e}".startswith("2.5") else 0))
    return f"{value:,.{min(digits, 6)}f}"


def _time_ticks(since: datetime, until: datetime, x: Callable[[datetime], float], wanted: int) -> list[Tick]:
    step = next((step for step in STEPS if (until - since) / step <= wanted), STEPS[-1])
    form = next((form for upto, form in TICK_FORMS if step < upto), "%b %Y")
    origin = datetime(2000, 1, 3, tzinfo=UTC)
    moment = origin + math.ceil((since - origin) / step) * step
    ticks = []
    while moment < until:
        ticks.append(Tick(x(moment), moment.strftime(form), moment))
        moment += step
    return ticks


def _pieces(series: Series) -> Iterator[list[tuple[datetime, float, float, float]]]:
    """Instant, mean, least and greatest of points that are joined."""
    piece: list[tuple[datetime, float, float, float]] = []
    for ts, mean, low, high in zip(series.ts, series.mean, series.low, series.high, strict=True):
        if mean is None or low is None or high is None:
            continue
        if piece and series.gap is not None and ts - piece[-1][0] > series.gap:
            yield piece
            piece = []
        piece.append((ts, mean, low, high))
    if piece:
        yield piece


def _band(edges: Sequence[tuple[float, float, float]]) -> str:
    return _path([(at, top) for at, _, top in edges] + [(at, base) for at, base, _ in reversed(edges)]) + "Z"


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A lone point is a stroke of no length, which round caps show as a dot."""
    line = "M" + "L".join(f"{at},{value}" for at, value in points) if points else ""
    return line + "h0" if len(points) == 1 else line
