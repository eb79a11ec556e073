"""Full-text search over the catalog's guidance."""

from __future__ import annotations

from aftercare.access import COOKIE
from domain.account import Role
from domain.device import Device
from store import devices

from .conftest import Site, session_of


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
