"""When to act on C-MAPSS: the decision in money beside rules, over prices and notices, as ratios to the clairvoyant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.figures import Figure, figure
from bench.models.data import PublicData, turbofans
from bench.models.turbofan import KINDRED
from models.prepared import Kin
from service_desk.policy.fleet import watch
from service_desk.policy.renewal import Prices
from service_desk.policy.replay import CLAIRVOYANT, LEARNT_THRESHOLD, POLICIES, POLICY, Replayed, replay

EMERGENCIES, NOTICES = (3, 5, 10, 30), (0.0, 10.0, 20.0)
MEAN_GOAL, CELL_GOAL = 1.04, 1.08


def measure(data: PublicData, subset: str, seeds: Sequence[int]) -> list[Figure]:
    """Cross-fit on the training units of one subset, the other's as kin, once for each seed of the folds."""
    return [one for seed in seeds for one in _figures(f"{subset} folds {seed}", cells(data, subset, seed))]


def cells(data: PublicData, subset: str, seed: int) -> list[Replayed]:
    """Every emergency ratio with every notice; a planned visit costs 1, a cycle counts as an hour."""
    fleet, family = turbofans(data, subset), turbofans(data, KINDRED[subset])
    [mode] = fleet.device_model.failure_modes
    kindred = family.device_model.kindred_mode(mode)
    assert kindred
    kin = [Kin(family.training, family.device_model, kindred)]
    watched = watch(fleet.training, fleet.device_model, mode, kin=kin, seed=seed)
    return replay(watched, [Prices(1, emergency) for emergency in EMERGENCIES], NOTICES)


def _figures(name: str, replayed: Sequence[Replayed]) -> list[Figure]:
    ratios = {policy: [cell.ratio(policy) for cell in replayed] for policy in POLICIES if policy != CLAIRVOYANT}
    means = {policy: float(np.mean(of_policy)) for policy, of_policy in ratios.items()}
    failures = sum(cell.tolls[POLICY].failures for cell in replayed)
    goal = f"at most {MEAN_GOAL:g}"
    mean = [
        figure(f"{name}: mean of 12 cells, {failures} failures", means[POLICY], "of the clairvoyant's", policy, limit,
               goal, met=means[POLICY] <= MEAN_GOAL)
        for policy, limit in means.items() if policy != POLICY
    ]  # fmt: skip
    return mean + [
        figure(
            f"{name}: R {cell.prices.emergency:g}, notice {cell.notice:g}, {cell.tolls[POLICY].failures} failures",
            cell.ratio(POLICY),
            "of the clairvoyant's",
            LEARNT_THRESHOLD,
            cell.ratio(LEARNT_THRESHOLD),
            f"at most {CELL_GOAL:g}, below the threshold",
            met=cell.ratio(POLICY) <= min(CELL_GOAL, cell.ratio(LEARNT_THRESHOLD)),
        )
        for cell in replayed
    ]
