"""How many threads the estimators may use: one."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def one_thread() -> AbstractContextManager[object]:
    """Keep OpenMP to one thread inside the block.

    Our fits and predictions are small. With two threads on two cores that other processes want as well, OpenMP's
    threads wait for each other by spinning, and training took 20 times as long as with one.
    """
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="openmp")
    return limits
