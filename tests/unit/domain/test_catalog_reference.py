"""docs/catalog.md against the parser."""

from pathlib import Path

from domain.catalog import parse_device_model
from domain.device_model import AttributeKind, ChannelKind, Statistic
from domain.formula import FUNCTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "catalog.md").read_text(encoding="utf-8")


def test_the_example_is_a_catalog_file():
    model = parse_device_model(PAGE.partition("```toml\n")[2].partition("```")[0], "catalog.md")

    assert model.family == "pumps"
    assert model.derived[0].formula.channels == ("torque", "speed")
    assert model.failure_modes[0].family_mode == "seal_leak"


def test_every_choice_is_told():
    told = PAGE.partition("## Example")[0].replace("`", " ").replace(";", " ").replace(",", " ").split()
    for name in (*Statistic, *ChannelKind, *AttributeKind, *FUNCTIONS):
        assert name in {word.strip("().:") for word in told}, name


def test_nothing_but_the_required_keys_is_needed():
    text = PAGE.partition("```toml\n")[2].partition("```")[0]
    features = text[text.index("windows") : text.index("[[channel]]")]
    model = parse_device_model(text.replace(features, "\n", 1), "catalog.md")

    assert [window.total_seconds() / 3600 for window in model.features.windows] == [6, 24]
    assert model.features.regimes is None
