"""`aftercare contracts`, and the API beside it, as a planner uses them."""

import json

import pytest

from aftercare.cli.main import main

FILE = """
[[contract]]
contract_no = "C-1"
customer = "Acme"
site = "Halle"
valid_from = 2026-01-01
response_hours = 4
[[site]]
customer = "Acme"
site = "Halle"
time_zone = "Europe/Berlin"
holidays = "DE-ST"
closed_days = [2026-01-02]
[[device]]
device = "d1"
purchased_on = 2025-11-01
sold_to = "Acme"
[[warranty]]
warranty_no = "W-1"
device = "d1"
starts_from = "purchase"
term_months = 24
parts_percent = 100
"""


@pytest.fixture
def run(desk, monkeypatch, capsys, tmp_path):
    """Runs `aftercare contracts ...`, with a file of this text when there is one; its exit code, and what it said."""
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", desk.database.url)
    desk.add_device("d1")

    def run(*arguments, text=None, name="file.toml"):
        if text is not None:
            (tmp_path / name).write_text(text)
            arguments = (*arguments, str(tmp_path / name))
        monkeypatch.setattr("sys.argv", ["aftercare", "contracts", *arguments])
        try:
            main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code
        said = capsys.readouterr()
        return code or 0, said.out + said.err

    return run


def test_a_file_is_taken_in_whole_and_listed(desk, run):
    said = "taken in: 1 of kind site, 1 of kind device, 1 of kind warranty, 1 of kind contract\n"
    assert run("import", text=FILE) == (0, said)
    assert run("import", text=FILE) == (0, said)
    code, listed = run("list", "--json")
    assert (code, json.loads(listed)["response_hours"], json.loads(listed)["version"]) == (0, 4.0, 2)
    assert "site=Halle" in run("list", "--kind", "site")[1]
    assert desk.value("SELECT sold_to FROM device_sales") == "Acme"


def test_a_table_of_one_kind(run):
    rows = (
        "contract_no,customer,valid_from,valid_to,repair_hours,pause_reasons\nC-9,Acme,2026-01-01,,8,waiting_for_part\n"
    )
    assert run("import", "--kind", "contract", text=rows, name="c.csv") == (0, "taken in: 1 of kind contract\n")
    assert json.loads(run("list", "--json")[1])["pause_reasons"] == ["waiting_for_part"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[contract]]\ncontract_no = 'C'\ncustomer = 'A'\nvalid_from = 'soon'\n", "contract 2: valid_from: "),
        ("[[contract]]\ncontract_no = 'C'\ncolour = 1\n", "contract 2: a contract has no field 'colour'"),
        ("[[warranty]]\nwarranty_no = 'W'\ndevice = 'd9'\nterm_months = 1\n", "device 'd9' is not registered"),
        ("[[site]]\ncustomer = 'A'\nsite = 'B'\nhours = 'always'\n", "is not like 'Mo-Fr 08:00-17:00'"),
        ("[[toaster]]\n", "'toaster' is none of [[site]]"),
        ("site = 1\n", "'site' is none of [[site]]"),
        ("a,b\n1,2\n", "is not TOML in UTF-8"),
    ],
)
def test_what_cannot_be_taken_in_is_told_and_nothing_is(run, text, said):
    code, told = run("import", text=FILE + text if text.startswith("[[") else text)
    assert code == 1
    assert said in told
    assert run("list")[1].startswith("there is no contract yet")


def test_the_api_reads_and_edits_by_version(site):
    contract = {"contract_no": "C-1", "customer": "Acme", "valid_from": "2026-01-01", "response_hours": 4}
    with site.client() as client:
        first = client.put("/api/v1/contracts", json=contract)
        assert (first.status_code, first.json()["version"]) == (200, 1)
        assert client.put("/api/v1/contracts", json=first.json()).json()["version"] == 2
        assert client.put("/api/v1/contracts", json=first.json()).status_code == 409
        assert client.put("/api/v1/contracts", json={**contract, "priority": 9}).status_code == 422
        assert client.put("/api/v1/sites/descriptions", json={"customer": "A", "site": "B\x00"}).status_code == 422
        assert [one["contract_no"] for one in client.get("/api/v1/contracts").json()] == ["C-1"]
        assert client.get("/api/v1/warranties").json() == []


def test_a_ticket_tells_who_pays_and_its_clocks(site):
    desk = site.desk
    device_id = desk.add_device("d1")
    desk.rows("UPDATE devices SET customer = 'Acme' WHERE name = 'd1'")
    with site.client() as client:
        contract = {"contract_no": "C-1", "customer": "Acme", "valid_from": "2025-01-01", "repair_hours": 8}
        assert client.put("/api/v1/contracts", json=contract).status_code == 200
        ticket = f"/api/v1/tickets/{desk.act(desk.predict(device_id)).ticket_id}"
        assert client.get(f"{ticket}/entitlement").json()["payers"]["customer"] > 0
        assert client.post(f"{ticket}/pause", json={"reason": "waiting_for_part"}).json()[0]["paused"]
        assert client.post(f"{ticket}/pause", json={"reason": "waiting_for_part"}).status_code == 409
        assert client.post(f"{ticket}/pause", json={"reason": "lunch"}).status_code == 422
        [clock] = client.post(f"{ticket}/resume").json()
        assert (clock["kind"], clock["paused"]) == ("repair", False)
        assert client.post(f"{ticket}/entitlement", json={"cause": "misuse"}).json()["cause"] == "misuse"
        assert client.get("/api/v1/tickets/999/sla").status_code == 404
        page = client.get(ticket.removeprefix("/api/v1"))
        assert "Who pays" in page.text
        assert "Repair by" in page.text
