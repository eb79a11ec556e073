"""A small fleet on a fresh database, and a model version whose predictions can be made up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
import uvicorn

from access.signing_in import begin_session
from aftercare.access import COOKIE
from aftercare.cli.main import main
from aftercare.cli.serve import compose, listen
from aftercare.settings import load_settings
from aftercare.wiring import Application, Catalog
from alerts.feed import Feed
from domain.account import Role
from domain.clock import system_clock
from domain.device_model import Component, DeviceModel
from domain.prediction import Prediction, RecordedPrediction
from models import learners, near_failure, out_of_fold, training
from service_desk.prediction_outcome import Outcome
from service_desk.predictions import act_on_prediction
from store import users
from store.database import Database

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def quick_training() -> Iterator[None]:
    """A third of the fits, and fewer and shallower trees: from its first use on, models are quick instead of good."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "deal_folds", partial(out_of_fold.deal_folds, folds=2))
        patch.setitem(learners.SETTINGS, "max_depth", 3)
        patch.setitem(learners.FOR_RISK, "max_iter", 50)
        patch.setitem(learners.FOR_RUL, "max_iter", 50)
        patch.setitem(near_failure.FOR_NEAR, "max_iter", 50)
        yield


@dataclass
class Desk:
    """What the tests of alarms, tickets and parts stand on."""

    database: Database
    catalog: Catalog
    device_model: DeviceModel
    model_version_id: int

    @property
    def part_no(self) -> str:
        return self.device_model.failure_modes[0].kit[0].part_no

    @property
    def failure_mode(self) -> str:
        return self.device_model.failure_modes[0].name

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: object) -> Any:
        [(value,)] = self.rows(statement, *values)
        return value

    def add_device(self, name: str, *, service_centre: str = "north") -> int:
        self.rows("INSERT INTO service_centres VALUES (%s) ON CONFLICT DO NOTHING", service_centre)
        return int(
            self.value(
                "INSERT INTO devices (name, device_model, service_centre) VALUES (%s, %s, %s) RETURNING device_id",
                name,
                self.device_model.name,
                service_centre,
            )
        )

    def add_ticket(self, name: str, *, service_centre: str = "north") -> int:
        """An open ticket of a new device that holds no parts yet."""
        return int(
            self.value(
                "INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by) "
                "VALUES (%s, 'wear', 'open', 3, '', %s, %s) RETURNING ticket_id",
                self.add_device(name, service_centre=service_centre),
                START,
                START,
            )
        )

    def predict(
        self,
        device_id: int,
        *,
        hours: float = 0,
        risk: float = 0.9,
        rul_low: float = 15,
        precision: float | None = 0.9,
    ) -> RecordedPrediction:
        """A recorded prediction as of `hours` after START; `rul_low` in hours; it alarms from a risk of 0.5 on."""
        mode = self.device_model.failure_modes[0]
        prediction = Prediction(
            device=self.value("SELECT name FROM devices WHERE device_id = %s", device_id),
            failure_mode=mode.name,
            as_of=START + hours * HOUR,
            horizon=mode.horizon,
            risk=risk,
            rul=(rul_low + 5) * HOUR,
            rul_low=rul_low * HOUR,
            rul_high=(rul_low + 10) * HOUR,
        )
        prediction_id = self.value(
            "INSERT INTO predictions (device_id, failure_mode, as_of, horizon, risk, rul, rul_low, rul_high, "
            "model_version_id, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING prediction_id",
            device_id,
            prediction.failure_mode,
            prediction.as_of,
            prediction.horizon,
            prediction.risk,
            prediction.rul,
            prediction.rul_low,
            prediction.rul_high,
            self.model_version_id,
            prediction.as_of,
        )
        return RecordedPrediction(prediction_id, device_id, prediction, alarm_threshold=0.5, precision=precision)

    def act(self, recorded: RecordedPrediction) -> Outcome:
        """Act on a prediction at the moment that it was made for."""
        with self.database.transaction() as connection:
            return act_on_prediction(connection, self.device_model, recorded, recorded.prediction.as_of)

    def check_ledgers(self) -> None:
        """The journal's sums are the balances, and what is allocated is what is reserved."""
        assert not self.rows(
            "SELECT s.*, j.* FROM part_stock s LEFT JOIN LATERAL (SELECT coalesce(sum(on_hand_change), 0) AS on_hand, "
            "coalesce(sum(allocated_change), 0) AS allocated, coalesce(sum(on_order_change), 0) AS on_order "
            "FROM stock_journal WHERE (service_centre, part_no) = (s.service_centre, s.part_no)) j ON true "
            "WHERE (s.on_hand, s.allocated, s.on_order) IS DISTINCT FROM (j.on_hand, j.allocated, j.on_order)"
        )
        assert not self.rows(
            "SELECT s.*, r.* FROM part_stock s LEFT JOIN LATERAL (SELECT coalesce(sum(quantity), 0) AS reserved "
            "FROM part_reservations WHERE (service_centre, part_no) = (s.service_centre, s.part_no) "
            "AND state IN ('reserved', 'picked')) r ON true WHERE s.allocated <> r.reserved"
        )
        assert not self.rows(
            "SELECT * FROM (SELECT part_no, sum(on_hand_change) AS moved FROM stock_journal "
            "WHERE movement IN ('transfer_out', 'transfer_in') GROUP BY part_no) j "
            "FULL JOIN (SELECT part_no, sum(quantity) AS under_way FROM part_transfers "
            "WHERE state = 'in_transit' GROUP BY part_no) t USING (part_no) "
            "WHERE coalesce(moved, 0) <> -coalesce(under_way, 0)"
        )
        assert not self.rows(
            "SELECT r.* FROM part_reservations r LEFT JOIN part_transfers t ON t.reservation_id = r.reservation_id "
            "AND t.state = 'in_transit' WHERE (r.state = 'in_transit') <> (t.transfer_id IS NOT NULL) "
            "AND r.state NOT IN ('released', 'consumed')"
        )
        assert not self.rows(
            "SELECT t.* FROM part_transfers t JOIN part_reservations r USING (reservation_id) "
            "WHERE t.state = 'suggested' AND (r.state, r.service_centre) <> ('reserved', t.from_centre)"
        )
        assert not self.rows(
            "SELECT r.* FROM part_reservations r JOIN part_stock s USING (service_centre) "
            "WHERE s.part_no = ANY (r.part_no || r.substitutes) "
            "AND r.state = 'backordered' AND r.quantity <= s.on_hand - s.allocated"
        )


def session_of(database: Database, name: str, role: Role = Role.ADMIN, customer: str | None = None) -> str:
    """What the cookie of a user holds who has just signed in; the user is made when there is none."""
    now = system_clock()
    with database.transaction() as connection:
        if not users.list_users(connection, name=name):
            users.add(connection, name=name, role=role, customer=customer, at=now)
        user_id = users.get(connection, name).user_id
        return begin_session(connection, user_id=user_id, name=name, by="a test", now=now)


@dataclass
class Site:
    """API and console served over real HTTP beside the desk that they show."""

    desk: Desk
    feed: Feed
    url: str

    def client(self, *, cookies: dict[str, str] | None = None, **options: Any) -> httpx.Client:
        """Signed in as the admin "local", unless other cookies are given; {} is a stranger."""
        signed_in = {COOKIE: session_of(self.desk.database, "local")} if cookies is None else cookies
        return httpx.Client(base_url=self.url, timeout=30, cookies=signed_in, **options)


@contextmanager
def serving(desk: Desk, **settings: object) -> Iterator[Site]:
    """Serve on a free port of loopback until the block is left."""
    application = Application(
        settings=load_settings(database_url=desk.database.url, **settings),
        clock=lambda: START + 100 * HOUR,
        catalog=desk.catalog,
        database=desk.database,
    )
    with listening_on_loopback(application) as (feed, url):
        yield Site(desk, feed, url)


@contextmanager
def listening_on_loopback(application: Application) -> Iterator[tuple[Feed, str]]:
    """Serve an application on a free port of loopback until the block is left; its feed and its address."""
    feed = Feed(application.database)
    server = uvicorn.Server(uvicorn.Config(compose(application, feed), lifespan="off", log_level="warning"))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield feed, "http://127.0.0.1:{1}".format(*listening.getsockname())
        finally:
            feed.close()
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive(), "open streams kept the server from stopping"


@pytest.fixture
def site(desk: Desk) -> Iterator[Site]:
    """API and console on loopback."""
    with serving(desk) as served:
        yield served


@pytest.fixture
def serve_with(desk: Desk) -> Callable[..., AbstractContextManager[Site]]:
    """Serves with settings of the test's own."""
    return partial(serving, desk)


@pytest.fixture
def desk(database_url: str, make_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A migrated database with one model version of the turbofan and no device yet."""
    with make_desk(database_url) as desk:
        yield desk


@pytest.fixture
def run_command(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs `aftercare ...` on the desk's database; its exit code, and what it said."""
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", desk.database.url)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["aftercare", *arguments])
        code: str | int | None = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code
        said = capsys.readouterr()
        return int(code or 0), said.out + said.err

    return run


@pytest.fixture
def make_desk(catalog: Catalog) -> Callable[[str], AbstractContextManager[Desk]]:
    """Makes a desk of a migrated database."""
    return partial(_desk, catalog)


@contextmanager
def _desk(catalog: Catalog, database_url: str) -> Iterator[Desk]:
    device_model = with_fixed_times(catalog["turbofan_fd001"])
    with Database(database_url, max_size=20) as database:
        with database.transaction() as connection:
            connection.execute("INSERT INTO service_centres VALUES ('north'), ('south')")
            row = connection.execute(
                "WITH run AS (INSERT INTO training_runs (device_model, started_at) VALUES (%(model)s, %(at)s) "
                "RETURNING training_run_id) "
                "INSERT INTO model_versions (training_run_id, device_model, failure_mode, task, status, "
                "alarm_threshold, metrics, data_from, data_to, row_count, device_count, features, code_version, "
                "library_versions, artifact_sha256, created_at) SELECT training_run_id, %(model)s, %(mode)s, 'risk', "
                "'champion', 0.5, '{}', %(at)s, %(at)s, 1, 1, '[]', 'test', '{}', 'none', %(at)s FROM run "
                "RETURNING model_version_id",
                {"model": device_model.name, "mode": device_model.failure_modes[0].name, "at": START},
            ).fetchone()
        assert row is not None
        yield Desk(database, {**catalog, device_model.name: device_model}, device_model, row[0])


def with_fixed_times(device_model: DeviceModel) -> DeviceModel:
    """The same with a fan, a notice of 10 h, a horizon of 30 h and a gate of 0.7, visits of two hours by
    anybody, whatever the catalog says today."""
    mode = replace(
        device_model.failure_modes[0],
        lead_time=10 * HOUR,
        horizon=30 * HOUR,
        gate_precision=0.7,
        skills=(),
        visit_length=2 * HOUR,
    )
    fan = Component("fan", "Fan")
    return replace(device_model, failure_modes=[mode], components=[*device_model.components, fan])
