"""The benchmarks' own arithmetic."""

import numpy as np
import pytest

from bench.models.data import bench_catalog
from bench.models.turbofan import nasa_score


def test_being_late_weighs_more_than_being_early():
    assert nasa_score(np.array([0.0])) == 0
    assert nasa_score(np.array([-13.0, 10.0])) == pytest.approx(2 * (np.e - 1))


def test_the_catalog_of_the_benchmarks_is_read():
    assert {"ai4i", "azure_pdm", "device_failure", "turbofan_fd001"} <= bench_catalog().keys()
