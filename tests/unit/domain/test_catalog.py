"""Catalog files: the ones that ship, and mistakes told with their place."""

from datetime import timedelta

import pytest

from aftercare.wiring import load_catalog
from domain.catalog import parse_device_model, parse_duration
from domain.errors import CatalogError
from domain.language import Language

SMALL = """
[device_model]
name = "pump"
title = "Pump"
reading_interval = "1h"
currency = "EUR"
[features]
windows = ["6h"]
baseline = "24h"
[[component]]
name = "seal"
title = "Seal"
[[channel]]
name = "flow"
title = "Flow"
unit = "l/s"
low = 0
high = 10
[[failure_mode]]
name = "leak"
title = "Leak"
component = "seal"
horizon = "7d"
lead_time = "2d"
rul_cap = "20d"
gate_precision = 0.7
[failure_mode.cost]
planned_visit = 100
emergency_visit = 900
needless_visit = 50
[[failure_mode.kit]]
part_no = "SEAL-1"
[[part]]
part_no = "SEAL-1"
description = "Seal"
unit_cost = 1200
lead_time = "3d"
"""


def test_a_catalog_file_becomes_a_device_model():
    model = parse_device_model(SMALL, "pump.toml")

    mode = model.failure_mode("leak")
    assert model.readings_table == "readings_pump"
    assert mode.horizon == timedelta(days=7)
    assert mode.costs.emergency_visit.minor == 900
    assert mode.costs.emergency_visit.currency == "EUR"
    assert mode.event_codes == ("leak",)
    assert mode.kit[0].quantity == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('name = "pump"', 'name = "Pump!"', "[device_model]: name is wrong"),
        ('unit = "l/s"\n', "", "[[channel]] flow: unit is missing; given are name, title, low, high"),
        ('unit = "l/s"', 'units = "l/s"', "[[channel]] flow: units is not known here; is unit meant?"),
        ("low = 0", "lo = 0", "[[channel]] flow: lo is not known here; is low meant?"),
        ("[[channel]]", "[[chanel]]", "pump.toml: chanel is not known here; is channel meant?"),
        ("[features]", "[feature]", "pump.toml: feature is not known here; is features meant?"),
        ("needless_visit", "needles_visit", "[cost]: needles_visit is not known here; is needless_visit meant?"),
        ("needless_visit = 50", "", "needless_visit is missing; given are planned_visit, emergency_visit"),
        ('[device_model]\nname = "pump"', "", "pump.toml: [device_model]: currency is missing, and nothing is given"),
        (
            'lead_time = "2d"',
            'lead_time = "8d"',
            "pump.toml: failure_mode leak has a lead_time of 8 d, longer than its horizon of 7 d",
        ),
        ("high = 10", "high = -1", "low 0.0 is not below high -1.0"),
        ('horizon = "7d"', 'horizon = "soon"', "'soon' is not a duration such as"),
        ("planned_visit = 100", "planned_visit = 1.5", "minor units"),
        ('component = "seal"', 'component = "shaft"', "names component 'shaft', which is not listed"),
        ('part_no = "SEAL-1"\n[[part]]', 'part_no = "SEAL-2"\n[[part]]', "needs part 'SEAL-2', which is not listed"),
        (
            'part_no = "SEAL-1"\n[[part]]',
            'part_no = "SEAL-1"\nsubstitutes = ["S"]\n[[part]]',
            "needs part 'S', which is not",
        ),
        (
            'part_no = "SEAL-1"\n[[part]]',
            'part_no = "SEAL-1"\nsubstitutes = ["SEAL-1"]\n[[part]]',
            "lists a part twice",
        ),
        ('part_no = "SEAL-1"\n[[part]]', 'part_no = "SEAL-1"\nsubstitute = "S"\n[[part]]', "substitute is not known"),
        ("gate_precision = 0.7", "gate_precision = 70", "is not between 0 and 1"),
        ('title = "Flow"', 'title = "Flow"\ntypo = 1', "typo is not known here"),
        ('name = "flow"', 'name = "ts"', "is a column of every readings table"),
        ('name = "flow"', 'name = "device"', "is a column of every readings table"),
        ('currency = "EUR"', 'currency = "Euro"', "[device_model]: currency is wrong: currency 'Euro'"),
        ('windows = ["6h"]', "windows = []", "[features]: windows is wrong"),
        ('windows = ["6h"]', 'windows = ["0h"]', "[features]: windows is wrong"),
        ('windows = ["6h"]', 'windows = ["6h"]\ntrends = ["6h", "48h"]', "must be longer than every one"),
        ('horizon = "7d"', 'horizon = "0d"', "horizon is wrong"),
        ("[features]", "[features", "is not valid TOML"),
        ('rul_cap = "20d"', 'rul_cap = "6d"', "failure_mode leak has a rul_cap shorter than its horizon"),
    ],
)
def test_a_mistake_names_the_file_and_the_place(old, new, complaint):
    assert old in SMALL
    with pytest.raises(CatalogError) as caught:
        parse_device_model(SMALL.replace(old, new, 1), "pump.toml")

    assert "pump.toml" in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_listed_twice_is_refused():
    text = SMALL + '[[channel]]\nname = "flow"\ntitle = "Flow"\nunit = "l/s"\n'
    with pytest.raises(CatalogError, match="'flow' is listed twice"):
        parse_device_model(text, "pump.toml")


def test_manuals_are_read_in_the_language_of_the_model_unless_they_say_otherwise():
    manuals = [
        '[[manual]]\nname = "use"\ntitle = "Use"\nfile = "pump.md"\n',
        '[[manual]]\nname = "gebrauch"\ntitle = "Gebrauch"\nfile = "de/pump.pdf"\nlanguage = "german"\n',
    ]
    model = parse_device_model(SMALL + "".join(manuals), "pump.toml")
    told = [(one.name, one.file, one.language) for one in model.manuals]
    assert told == [("use", "pump.md", Language.ENGLISH), ("gebrauch", "de/pump.pdf", Language.GERMAN)]
    french = SMALL.replace('currency = "EUR"', 'currency = "EUR"\nlanguage = "french"') + manuals[0]
    assert parse_device_model(french, "pump.toml").manuals[0].language is Language.FRENCH
    for wrong, complaint in (
        (manuals[0] * 2, "manual 'use' is listed twice"),
        (
            manuals[0].replace("pump.md", "../pump.md"),
            "[[manual]] use: file is wrong: '../pump.md' is not a file beside",
        ),
        (
            manuals[1].replace("german", "klingon"),
            "[[manual]] gebrauch: language is wrong: 'klingon' is none of simple,",
        ),
        (manuals[0] + "pages = 3\n", "pages is not known here"),
    ):
        with pytest.raises(CatalogError) as caught:
            parse_device_model(SMALL + wrong, "pump.toml")
        assert complaint in str(caught.value)
    with pytest.raises(CatalogError, match=r"\[device_model\]: language is wrong: 'English' is none of simple"):
        parse_device_model(french.replace("french", "English"), "pump.toml")


def test_an_event_code_of_two_failure_modes_is_refused():
    mode = SMALL[SMALL.index("[[failure_mode]]") : SMALL.index("[[failure_mode.kit]]")]
    other = mode.replace('name = "leak"', 'name = "burst"\nevent_codes = ["burst", "leak"]')

    with pytest.raises(CatalogError, match="failure_mode burst claims event code 'leak', as leak does"):
        parse_device_model(SMALL + other, "pump.toml")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('description = "Seal"', 'description = "Gasket"', "description"),
        ("unit_cost = 1200", "unit_cost = 1300", "unit_cost"),
        ('currency = "EUR"', 'currency = "USD"', "unit_cost"),
        ('lead_time = "3d"', 'lead_time = "4d"', "lead_time"),
    ],
)
def test_a_part_that_two_files_describe_differently_is_refused(tmp_path, old, new, what):
    (tmp_path / "pump.toml").write_text(SMALL)
    second = SMALL.replace('name = "pump"', 'name = "fan"')
    (tmp_path / "fan.toml").write_text(second)
    assert len(load_catalog(tmp_path)) == 2

    (tmp_path / "fan.toml").write_text(second.replace(old, new))
    with pytest.raises(CatalogError, match=f"part SEAL-1 has another {what} in pump than in fan"):
        load_catalog(tmp_path)


def test_the_shipped_catalog_has_at_least_three_device_models():
    assert {"turbofan_fd001", "heat_pump", "compressor"} <= set(load_catalog())


def test_an_empty_catalog_folder_is_told(tmp_path):
    with pytest.raises(CatalogError, match="AFTERCARE_CATALOG_DIR"):
        load_catalog(tmp_path)


def test_a_catalog_file_that_is_not_text_is_named(tmp_path):
    (tmp_path / "pump.toml").write_bytes(b"title = '\xff'")

    with pytest.raises(CatalogError, match=r"pump\.toml is not UTF-8"):
        load_catalog(tmp_path)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1.5h", 5400), ("7d", 604800), ("2w", 1209600), ("250ms", 0.25)]
)
def test_durations(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("low", ["nan", "-1" + "0" * 400])
def test_what_is_no_number_bounds_nothing(low):
    with pytest.raises(CatalogError, match="low is wrong: "):
        parse_device_model(SMALL.replace("low = 0", f"low = {low}"), "pump.toml")


@pytest.mark.parametrize("text", ["", "5", "-1h", "1h 5m", "999999999999999y", "9" * 400 + "s"])
def test_no_durations(text):
    with pytest.raises(ValueError, match=r"is (not a duration|longer than any calendar)"):
        parse_duration(text)


def test_readings_may_be_kept_for_a_time_and_their_roll_ups_for_longer():
    head = 'currency = "EUR"\nretention = "2y"\nrollup_retention = "10y"'
    model = parse_device_model(SMALL.replace('currency = "EUR"', head), "pump.toml")

    assert model.retention == timedelta(days=730)
    assert model.rollup_retention == timedelta(days=3650)
    assert parse_device_model(SMALL, "pump.toml").retention is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('retention = "5h"', "retention is shorter than the features look back"),
        ('rollup_retention = "2y"', "rollup_retention needs a retention that is not longer"),
        ('retention = "2y"\nrollup_retention = "1y"', "rollup_retention needs a retention that is not longer"),
        ('retention = "0s"', "retention is wrong"),
    ],
)
def test_a_retention_that_makes_no_sense_is_refused(line, problem):
    with pytest.raises(CatalogError, match=problem):
        parse_device_model(SMALL.replace('currency = "EUR"', f'currency = "EUR"\n{line}'), "pump.toml")
