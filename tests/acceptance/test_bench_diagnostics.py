"""The benchmark of remote commands in a short form: it runs, and no command is carried out twice. No pace is judged."""

import pytest

from tests.acceptance.test_bench import run

pytestmark = pytest.mark.timeout(300)


def test_each_command_is_carried_out_once_though_the_platform_is_killed(tmp_path):
    figures = run("bench.diagnostics", tmp_path, "--short")

    assert figures["commands that succeeded"]["value"] == 20
    assert figures["killed: executed exactly once"]["ratio"] == 1
    assert figures["killed: stuck or failed"]["value"] == 0
