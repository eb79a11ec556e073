"""The least that a page and a list can cost here: an application that does nothing else.

Example: AFTERCARE_DATABASE_URL=postgresql://... python -m bench.console.bare 8099
"""

from __future__ import annotations

import os
import sys

import uvicorn
from fastapi import FastAPI
from starlette.responses import HTMLResponse

from store.database import Database

PAGE, SELECT_1 = "/page", "/select-1"


def create_app(database: Database) -> FastAPI:
    """A page without content, and an answer with the least that a database can be asked."""
    app = FastAPI()

    @app.get(PAGE)
    def page() -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>Bare</title><p>Bare</p>")

    @app.get(SELECT_1)
    def select_1() -> list[int]:
        with database.transaction() as connection:
            return [number for (number,) in connection.execute(b"SELECT 1")]

    return app


if __name__ == "__main__":
    with Database(os.environ["AFTERCARE_DATABASE_URL"]) as answering:
        uvicorn.run(create_app(answering), port=int(sys.argv[1]), log_level="warning", access_log=False)
