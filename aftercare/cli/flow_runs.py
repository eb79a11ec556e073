"""Work that runs as a Prefect flow where there is a Prefect server, and else in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aftercare.prefect_server import needing_prefect
from aftercare.wiring import Application
from domain.errors import ConfigurationError
from store.migrate import require_current

T = TypeVar("T")


def run(application: Application, flow: str, arguments: Sequence[Any], here: Callable[[], T]) -> T:
    """What the flow of that name in `pipelines.flows` gives, or `here` when PREFECT_API_URL names no server.

    Raises UnavailableError when the database or the Prefect server is away, ConfigurationError when the catalog is not
    in the database yet, or AFTERCARE_DASK names a cluster and nothing names the Prefect server that spreads work over
    it.
    """
    settings = application.settings
    with application.database as database:
        with database.transaction() as connection:
            require_current(connection, application.catalog.values())
        if settings.prefect_api_url is not None:
            with needing_prefect(settings.prefect_api_url):
                from pipelines import flows  # Prefect takes seconds to import

                answer: T = getattr(flows, flow)(*arguments)
                return answer
        if settings.dask is not None:
            raise ConfigurationError(
                "AFTERCARE_DASK is set and PREFECT_API_URL is not: work is spread over the cluster by Prefect, so give "
                "its server's address as well, or unset AFTERCARE_DASK"
            )
        return here()
