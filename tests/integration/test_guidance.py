"""Manuals, and full-text search over them and the catalog's guidance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from aftercare.access import COOKIE
from domain.account import Role
from domain.device import Device
from domain.device_model import Guidance
from domain.language import Language
from domain.manual import Manual
from store import devices
from store.guidance import search

from .conftest import Desk, Site, serving, session_of

V1 = "/api/v1"


def test_guidance_is_found_by_its_words_for_the_models_that_one_has(site: Site) -> None:
    model = site.desk.catalog["compressor"]
    mode = next(mode for mode in model.failure_modes if mode.guidance.symptoms and mode.guidance.steps)
    symptom, step = mode.guidance.symptoms[0], mode.guidance.steps[0]
    with site.desk.database.transaction() as connection:
        devices.save(connection, [Device("sc-1", "compressor", customer="acme", service_centre="north")])
    cookies = [{COOKIE: session_of(site.desk.database, name, Role.VIEWER, name)} for name in ("acme", "globex")]
    with site.client(cookies=cookies[0]) as acme, site.client(cookies=cookies[1]) as globex, site.client() as planner:
        assert "<mark>" in acme.get("/guidance", params={"q": symptom}).text
        assert "Nothing fits" in acme.get("/guidance", params={"q": step}).text
        assert "<mark>" in planner.get("/guidance", params={"q": step}).text
        assert "Nothing fits" in globex.get("/guidance", params={"q": symptom}).text
        for odd in ("<script>", "' OR 1=1 --", '"', "-", "the", "& | ! ("):
            page = acme.get("/guidance", params={"q": odd})
            assert page.status_code == 200, odd
            assert "<script>alert" not in page.text
        assert acme.get("/guidance", params={"q": "x" * 501}).status_code == 422
        assert "What do you notice?" in acme.get("/guidance").text


def test_words_are_stemmed_by_the_language_that_the_catalog_states(desk: Desk) -> None:
    with desk.database.transaction() as connection:
        devices.save(connection, [Device("sc-1", "compressor", service_centre="north")])
    model = desk.catalog["compressor"]
    told = Guidance(symptoms=["Die Lager laufen laut"], checks=["The bearings run loudly"])
    mode = replace(model.failure_modes[0], guidance=told)
    for language, wanted, found in (
        (Language.GERMAN, "Lagern", ["symptoms"]),
        (Language.ENGLISH, "Lagern", []),
        (Language.ENGLISH, "running bearing", ["checks"]),
        (Language.SIMPLE, "running bearing", []),
    ):
        models = [replace(model, language=language, failure_modes=[mode])]
        with desk.database.transaction() as connection:
            assert [one.kind for one in search(connection, models, wanted)] == found, (language, wanted)


def test_postgresql_knows_every_language(desk: Desk) -> None:
    known = {name for (name,) in desk.rows("SELECT cfgname FROM pg_ts_config")}
    assert set(Language) <= known


@pytest.fixture
def acme(site: Site) -> Iterator[httpx.Client]:
    """A user of acme's, who have a heat pump and no compressor."""
    with site.desk.database.transaction() as connection:
        devices.save(connection, [Device("hp-1", "heat_pump", customer="acme", service_centre="north")])
    with site.client(cookies={COOKIE: session_of(site.desk.database, "maria", Role.VIEWER, "acme")}) as client:
        yield client


def test_a_manual_is_found_opened_and_saved_by_whoever_has_such_a_device(site: Site, acme: httpx.Client) -> None:
    assert 'href="/manuals/heat_pump/operating"' in acme.get("/devices/hp-1").text
    found = acme.get("/guidance", params={"q": "strainers rinsed"}).text
    assert 'href="/manuals/heat_pump/operating"' in found
    assert "<mark>strainer</mark>" in found
    assert acme.get(f"{V1}/guidance", params={"q": "strainers rinsed"}).json()[0]["kind"] == "manual"
    page = acme.get("/manuals/heat_pump/operating")
    assert "<h2>Clean the strainer</h2>" in page.text
    assert 'lang="en"' in page.text
    assert "script" not in page.headers["content-security-policy"]
    assert acme.get(f"{V1}/devices/hp-1/manuals").json() == [
        {"name": "operating", "title": "Operating manual", "kind": "md", "language": "english"}
    ]
    file = acme.get(f"{V1}/manuals/heat_pump/operating")
    assert file.headers["content-type"] == "text/markdown; charset=utf-8"
    assert file.headers["content-disposition"] == 'attachment; filename="heat_pump.md"'
    assert file.headers["x-content-type-options"] == "nosniff"
    for path in ("compressor/operating", "heat_pump/nothing", "nothing/operating", "heat_pump/..%2Fheat_pump.toml"):
        for at in ("/manuals", f"{V1}/manuals"):
            assert acme.get(f"{at}/{path}").status_code == 404, path
    with site.client() as admin:
        assert admin.get("/manuals/compressor/operating").status_code == 200


def test_what_a_manual_holds_never_acts(desk: Desk, tmp_path: Path) -> None:
    model, odd = desk.catalog["heat_pump"], "<script>alert(1)</script><form action=/x method=post></form>"
    manuals = [Manual(form, form, f"use.{form}", Language.ENGLISH) for form in ("md", "txt", "pdf")]
    catalog = {**desk.catalog, model.name: replace(model, manuals=manuals)}
    for form in ("md", "txt"):
        (tmp_path / f"use.{form}").write_text(odd)
    (tmp_path / "use.pdf").write_bytes(b"%PDF-1.7 " + odd.encode())
    with serving(replace(desk, catalog=catalog), catalog_dir=tmp_path) as site, site.client() as client:
        for form, media in (("md", "text/markdown"), ("txt", "text/plain"), ("pdf", "application/pdf")):
            page = client.get(f"/manuals/heat_pump/{form}")
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert "<form action=/x" not in page.text
            file = client.get(f"{V1}/manuals/heat_pump/{form}")
            assert file.headers["content-type"].startswith(media)
            assert file.headers["content-disposition"].startswith("attachment")
        (tmp_path / "use.md").unlink()
        assert client.get("/manuals/heat_pump/md").status_code == 404
        assert client.get("/guidance", params={"q": "md"}).status_code == 200
