import threading

import pytest
import structlog

from aftercare.threads import run_together
from domain.errors import AftercareError


def test_a_thread_that_fails_ends_the_others_and_its_error_is_raised_and_logged():
    stop = threading.Event()
    ended = []

    def fail():
        raise ValueError("it broke")

    def last():
        stop.wait(10)
        ended.append("last")

    with structlog.testing.capture_logs() as logs, pytest.raises(ValueError, match="it broke"):
        run_together({"first": last, "second": fail}, stop)

    assert (stop.is_set(), ended) == (True, ["last"])
    assert [(line["log_level"], line["thread"], line["reason"]) for line in logs] == [("error", "second", "it broke")]


def test_what_ended_it_is_raised_before_what_broke_at_its_end():
    stop = threading.Event()

    def cause():
        raise ValueError("the cause")

    def consequence():
        stop.wait(10)
        raise OSError("it was told to stop")

    with pytest.raises(ValueError, match="the cause"):
        run_together({"first": consequence, "second": cause}, stop)


def test_a_thread_that_just_ends_is_an_error():
    stop = threading.Event()

    with pytest.raises(AftercareError, match="ended by itself"):
        run_together({"first": lambda: None, "second": lambda: assert_set(stop)}, stop)


def test_a_stop_ends_all_without_an_error():
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()

    run_together(dict.fromkeys(["one", "two"], lambda: assert_set(stop)), stop)


def assert_set(stop):
    assert stop.wait(10)
