"""What a device under the policy costs in the long run: what an hour of useful life is worth to it.

Training stores it with each model version, whose hazards it follows from.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from domain.device_model import DeviceModel, FailureMode
from models.evaluation import hours
from models.hazard_curve import HazardCurve
from service_desk.policy.fleet import recall
from service_desk.policy.renewal import Prices, learn_rate
from service_desk.policy.replay import hazards_after
from service_desk.policy.ticket_decision import kit_cost

COST_RATE = "cost_rate"
"""Its name among a version's metrics."""


def prices_of(device_model: DeviceModel, mode: FailureMode) -> Prices:
    """What ends a life of this failure mode, parts included, in minor units."""
    kit = kit_cost(mode, device_model.parts).minor
    return Prices(mode.costs.planned_visit.minor + kit, mode.costs.emergency_visit.minor + kit)


def learn_cost_rate(
    held_out: pd.DataFrame, events: pd.DataFrame, curve: HazardCurve, device_model: DeviceModel, mode: FailureMode
) -> float | None:
    """The policy's own cost per hour, in planned visits with their parts, at the catalog's prices and lead time: about
    one over the hours from visit to visit. As a number of visits it stays right when all prices rise alike.

    held_out, events: as `fleet.recall` takes them. None when an emergency costs no more than a planned visit: then
    there is nothing to prevent.
    """
    prices, notice = prices_of(device_model, mode), hours(mode.lead_time)
    if prices.emergency <= prices.planned:
        return None
    fleet = recall(held_out, events, device_model, mode)
    hazard = hazards_after(fleet, curve, np.array([notice]))[:, 0]
    return learn_rate(fleet.watched, hazard, notice, prices) / prices.planned
