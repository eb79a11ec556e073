"""The README's tables tell the truth."""

from pathlib import Path

from aftercare.cli.main import COMMANDS
from aftercare.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def environment_name(field, info):
    return info.validation_alias or f"AFTERCARE_{field.upper()}"


def test_every_setting_is_listed_with_its_description():
    listed = {
        cells[1].strip("` "): cells[3].strip()
        for line in README.splitlines()
        if line.startswith(("| `AFTERCARE_", "| `PREFECT_")) and len(cells := line.split("|")) == 5
    }
    wanted = {environment_name(field, info): info.description for field, info in Settings.model_fields.items()}

    assert listed == wanted


def test_every_command_is_listed():
    assert [name for name in COMMANDS if f"`{name}`" not in README] == []
