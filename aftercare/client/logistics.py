"""The client's calls about parts: onto shelves, between service centres, and back from visits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aftercare.client.calls import Calls
from aftercare.client.logistics_records import Balance, Findings, Return, Transfer, TransferTime


@dataclass(frozen=True, slots=True)
class Logistics:
    """`client.logistics`."""

    calls: Calls

    def transfers(self, *, state: Sequence[str] | None = None, ticket_id: int | None = None) -> Iterator[Transfer]:
        """Transfers in any of these states, newest first."""
        return self.calls.each("/transfers", Transfer, state=state, ticket=ticket_id)

    def transfer(self, transfer_id: int) -> Transfer:
        """One transfer with its `etag`."""
        return self.calls.get("/transfers/{transfer_id}", Transfer, transfer_id=transfer_id)

    def send_parts(self, part_no: str, quantity: int, *, from_centre: str, to_centre: str) -> Transfer:
        """Ship free stock to another shelf."""
        body = {"part_no": part_no, "quantity": quantity, "from_centre": from_centre, "to_centre": to_centre}
        return self.calls.post("/transfers", Transfer, body)

    def receive_parts(self, part_no: str, quantity: int, *, service_centre: str, reference: str) -> Balance:
        """Put parts that arrived on the shelf, once for each `reference`."""
        body = {"service_centre": service_centre, "part_no": part_no, "quantity": quantity, "reference": reference}
        return self.calls.post("/parts/receipts", Balance, body)

    def count_parts(self, part_no: str, counted: int, *, service_centre: str, reason: str) -> Balance:
        """Say how many lie on the shelf, reserved ones too."""
        body = {"service_centre": service_centre, "part_no": part_no, "counted": counted, "reason": reason}
        return self.calls.post("/parts/counts", Balance, body)

    def ship_transfer(self, transfer_id: int, *, if_match: str = "") -> Transfer:
        """A suggested transfer leaves its shelf."""
        return self.calls.post("/transfers/{transfer_id}/ship", Transfer, None, if_match, transfer_id=transfer_id)

    def book_transfer_in(self, transfer_id: int, *, if_match: str = "") -> Transfer:
        """What was under way is on the shelf."""
        return self.calls.post("/transfers/{transfer_id}/arrive", Transfer, None, if_match, transfer_id=transfer_id)

    def cancel_transfer(self, transfer_id: int, reason: str, *, if_match: str = "") -> Transfer:
        """A suggestion that nobody follows."""
        body = {"reason": reason}
        return self.calls.post("/transfers/{transfer_id}/cancel", Transfer, body, if_match, transfer_id=transfer_id)

    def transfer_times(self) -> list[TransferTime]:
        """Every way that is not the usual day."""
        return self.calls.get("/transfer-times", list[TransferTime])

    def set_transfer_time(self, from_centre: str, to_centre: str, *, hours: float, if_match: str = "") -> TransferTime:
        """Say how long parts are under way; `if_match` is of all ways."""
        body = {"from_centre": from_centre, "to_centre": to_centre, "hours": hours}
        return self.calls.put("/transfer-times", TransferTime, body, if_match)

    def returns(self, *, state: Sequence[str] | None = None) -> Iterator[Return]:
        """Returns in any of these states, newest first."""
        return self.calls.each("/returns", Return, state=state)

    def returned(self, return_id: int) -> Return:
        """One return with its `etag`."""
        return self.calls.get("/returns/{return_id}", Return, return_id=return_id)

    def receive_return(self, return_id: int, *, if_match: str = "") -> Return:
        """It has come back."""
        return self.calls.post("/returns/{return_id}/receive", Return, None, if_match, return_id=return_id)

    def inspect_return(
        self, return_id: int, findings: str, *, note: str = "", restock: bool = False, if_match: str = ""
    ) -> Return:
        """Say what was found of it: worn, defective, no_fault_found or damaged."""
        body = {"findings": findings, "note": note, "restock": restock}
        return self.calls.post("/returns/{return_id}/inspect", Return, body, if_match, return_id=return_id)

    def findings(self) -> list[Findings]:
        """What was found of what came back, by failure mode."""
        return self.calls.get("/returns/findings", list[Findings])
