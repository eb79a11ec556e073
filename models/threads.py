"""How many threads the estimators may use: one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """Keep OpenMP and linear algebra to one thread inside the block.

    Our fits and predictions are small. With two threads on two cores that other processes want as well, OpenMP's
    threads wait for each other by spinning, and training took 20 times as long as with one.
    """
    limits: AbstractContextManager[object] = _controller().limit(limits=1)
    return limits


@cache
def _controller() -> ThreadpoolController:
    """Looking for the loaded libraries takes 10 ms; scikit-learn has loaded its own by the first call."""
    return ThreadpoolController()
