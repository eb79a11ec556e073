"""A typed client of the HTTP API: devices, readings, predictions, alarms, tickets, parts, commands and the feed.

    from aftercare.client import Client

    with Client("https://aftercare.example", token="...") as client:
        for ticket in client.tickets(state=["open"]):
            print(ticket.device, ticket.need_by)

Of Aftercare it needs `domain.errors` only: no database, broker or server.
"""

from aftercare.client.client import Client
from aftercare.client.connection import OvertakenError

__all__ = ["Client", "OvertakenError"]
