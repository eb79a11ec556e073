"""What a prediction's model version has learnt beside its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store import evidence

if TYPE_CHECKING:
    from ..conftest import Desk


def test_a_prediction_tells_the_cost_rate_that_its_version_learnt(desk: Desk) -> None:
    recorded = desk.predict(desk.add_device("hp-1"))
    with desk.database.transaction() as connection:
        assert evidence.cost_rate(connection, prediction_id=recorded.prediction_id) is None
    desk.rows("""UPDATE model_versions SET metrics = metrics || '{"cost_rate": 0.002}'""")
    with desk.database.transaction() as connection:
        assert evidence.cost_rate(connection, prediction_id=recorded.prediction_id) == 0.002
        assert evidence.cost_rate(connection, prediction_id=0) is None
