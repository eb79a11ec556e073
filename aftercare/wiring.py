"""The composition root: builds what a process needs out of its settings, and hands it down by arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from aftercare.manuals import catalog_root, check_manuals
from aftercare.settings import Settings
from domain.catalog import parse_device_model
from domain.catalog_checks import check_families, check_parts
from domain.clock import Clock, parse_clock
from domain.device_model import DeviceModel
from domain.errors import CatalogError, ConfigurationError, NotFoundError
from store.database import Database

Catalog = Mapping[str, DeviceModel]


@dataclass(frozen=True, slots=True)
class Application:
    """What every long-running process of Aftercare shares."""

    settings: Settings
    clock: Clock
    catalog: Catalog
    database: Database

    def device_model(self, name: str) -> DeviceModel:
        """The device model of that name. Raises NotFoundError."""
        if name not in self.catalog:
            raise NotFoundError(f"the catalog has no device model {name!r}; it has {', '.join(self.catalog)}")
        return self.catalog[name]


def build(settings: Settings, *, pool_size: int = 8, application: str = "aftercare") -> Application:
    """Put an application together; nothing is connected yet. Raises ConfigurationError."""
    if settings.database_url is None:
        raise ConfigurationError(
            "AFTERCARE_DATABASE_URL is not set: give postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
            "or run 'aftercare up', which brings its own"
        )
    return Application(
        settings=settings,
        clock=parse_clock(settings.clock),
        catalog=load_catalog(settings.catalog_dir),
        database=Database(settings.database_url, max_size=pool_size, application=application),
    )


def load_catalog(folder: Path | None = None) -> Catalog:
    """Every device model by name, from `folder` or from the catalog that ships. Raises CatalogError."""
    root = catalog_root(folder)
    if not root.is_dir():
        raise CatalogError(f"{root} is not a folder: set AFTERCARE_CATALOG_DIR to the folder of catalog files")
    paths = sorted((entry for entry in root.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    if not paths:
        raise CatalogError(f"{root} holds no catalog file (*.toml): set AFTERCARE_CATALOG_DIR to the folder that does")
    catalog: dict[str, DeviceModel] = {}
    for path in paths:
        model = parse_device_model(_read(path), path.name)
        if model.name in catalog:
            raise CatalogError(
                f"{path.name}: device model {model.name!r} is already described by another file in {root}"
            )
        check_manuals(root, model, path.name)
        catalog[model.name] = model
    check_families(catalog.values())
    check_parts(catalog.values())
    return catalog


def _read(path: Traversable) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path.name} is not UTF-8 at byte {error.start}: save it as UTF-8") from error
