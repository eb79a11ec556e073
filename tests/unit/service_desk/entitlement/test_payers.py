from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from domain.entitlement import Contract, LineKind, Payer, Warranty
from domain.money import Money
from service_desk.entitlement.payers import BillLine, apportion, pay

percents = st.integers(0, 100)


def warranty(number: str = "W1", **shares: int) -> Warranty:
    return Warranty(warranty_no=number, device="d", term_months=24, **shares)


def contract(number: str = "C1", **shares: int) -> Contract:
    return Contract(contract_no=number, customer="Acme", valid_from=date(2026, 1, 1), **shares)


def parts(minor: int) -> BillLine:
    return BillLine(LineKind.PARTS, "1 × P", Money(minor, "EUR"))


def shares_of(line: BillLine, warranties: list[Warranty], contracts: list[Contract]) -> list[tuple[str, str, int]]:
    [paid] = pay([line], warranties, contracts)
    return [(share.payer.value, share.reference, share.minor) for share in paid.shares]


@given(st.integers(0, 10**12), percents, percents, percents)
def test_shares_add_up_to_the_line(minor: int, by_warranty: int, by_other: int, by_contract: int) -> None:
    warranties = [warranty(parts_percent=by_warranty), warranty("W2", parts_percent=by_other)]
    [paid] = pay([parts(minor)], warranties, [contract(parts_percent=by_contract)])
    assert sum(share.minor for share in paid.shares) == minor
    assert sum(share.percent for share in paid.shares) == 100
    assert all(abs(share.minor - minor * share.percent / 100) <= 1 for share in paid.shares)


def test_the_cent_that_is_left_goes_to_the_largest_remainder() -> None:
    assert apportion(101, [33, 33, 34]) == [33, 33, 35]
    assert apportion(1, [50, 50, 0]) == [1, 0, 0]


def test_the_manufacturer_pays_first_then_a_contract_then_the_customer() -> None:
    found = shares_of(parts(1000), [warranty(parts_percent=50)], [contract(parts_percent=30)])
    assert found == [("manufacturer", "W1", 500), ("contract", "C1", 300), ("customer", "", 200)]


def test_overlapping_warranties_do_not_add_up_and_a_contract_pays_at_most_what_is_left() -> None:
    warranties = [warranty("W1", parts_percent=50), warranty("W2", parts_percent=60)]
    found = shares_of(parts(1000), warranties, [contract("C1", parts_percent=20), contract("C2", parts_percent=80)])
    assert found == [("manufacturer", "W2", 600), ("contract", "C2", 400)]


def test_a_share_is_of_its_kind_of_line() -> None:
    [paid] = pay([BillLine(LineKind.TRAVEL, "Journey", Money(700, "EUR"))], [warranty(parts_percent=100)], [])
    assert [(share.payer, share.reason) for share in paid.shares] == [
        (Payer.CUSTOMER, "neither a warranty nor a contract pays it")
    ]
