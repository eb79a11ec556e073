"""Every command can be loaded, explains itself, and gives an example."""

import pytest
from click.testing import CliRunner

from aftercare.cli.main import COMMANDS, commands
from domain.errors import ConfigurationError


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_has_help_with_an_example(name):
    result = CliRunner().invoke(commands, [name, "--help"])

    assert result.exit_code == 0
    assert "Example: " in result.output


def test_the_list_of_commands_names_each():
    output = CliRunner().invoke(commands, ["--help"]).output

    assert all(f"  {name} " in output for name in COMMANDS)


def test_an_unknown_command_is_refused():
    result = CliRunner().invoke(commands, ["predict"])

    assert result.exit_code == 2
    assert "No such command 'predict'" in result.output


@pytest.mark.parametrize("place", [".", "missing/figures.json"])
def test_the_demo_refuses_a_file_that_cannot_be_written_before_it_starts(tmp_path, place):
    result = CliRunner().invoke(commands, ["demo", "--json", str(tmp_path / place)])

    assert isinstance(result.exception, ConfigurationError)
    assert str(tmp_path / place) in str(result.exception)
