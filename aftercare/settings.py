"""Settings, from the environment, secret files or a TOML file: the only place that reads the environment."""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from domain.catalog import parse_duration
from domain.errors import ConfigurationError

CONFIG_FILE = "AFTERCARE_CONFIG"
SECRETS_DIR = "AFTERCARE_SECRETS_DIR"
NO_TIME = timedelta(0)


class Settings(BaseSettings):
    """Every setting with its default.

    Read from the environment (`AFTERCARE_` and the field's name in capitals; an empty variable is none), then from a
    file of that name in the secrets folder, then from the TOML file.
    """

    model_config = SettingsConfigDict(env_prefix="AFTERCARE_", env_ignore_empty=True, frozen=True, extra="forbid")

    database_url: str | None = Field(None, description="PostgreSQL address; none: embedded")
    app_password: str | None = Field(None, description="Password that migrate gives the database role aftercare_app")
    read_password: str | None = Field(None, description="Password that migrate gives the database role aftercare_read")
    mqtt_url: str | None = Field(None, description="Broker, mqtt(s)://USER:PASSWORD@HOST:PORT; none: embedded")
    mqtt_ca_file: Path | None = Field(None, description="Certificate authority of the broker, for mqtts://")
    prefect_api_url: str | None = Field(
        None, validation_alias="PREFECT_API_URL", description="Prefect server; none: one on this machine"
    )
    dask: str | None = Field(
        None,
        pattern=r"^(tcp|tls)://[^/]+:\d+$",
        description="Dask scheduler whose workers train and score, tcp://HOST:PORT; none: this process",
    )
    state_dir: Path = Field(
        Path.home() / ".local" / "state" / "aftercare",
        description="Logs, passwords and Prefect's data of 'up'. PostgreSQL's and the broker's data too, unless they "
        "come from a folder of their own: then it is in there, under var/lib/aftercare",
    )
    services_dir: Path = Field(
        Path.home() / ".local" / "share" / "aftercare" / "services",
        description="Where the set-up put the Debian 13 folder",
    )
    embedded_database_port: int = Field(5433, ge=1, le=65535, description="Port of the embedded PostgreSQL, loopback")
    embedded_mqtt_port: int = Field(1883, ge=1, le=65535, description="Port of the embedded broker, loopback")
    embedded_prefect_port: int = Field(4200, ge=1, le=65535, description="Port of the embedded Prefect, loopback")
    catalog_dir: Path | None = Field(None, description="Folder of catalog files; none: the ones that ship")
    http_host: str = Field("127.0.0.1", description="Address that the API and console listen on")
    http_port: int = Field(8080, ge=0, le=65535, description="Port of the API and console")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+$",
        description="Address that browsers use, https://HOST, when a proxy stands in front",
    )
    api_rate: int = Field(
        50,
        ge=0,
        description="Requests a second that a token or session may send to the API, ten times as many at once; 0: any",
    )
    session_idle: timedelta = Field(
        timedelta(hours=12), gt=NO_TIME, description="How long a session lasts that nobody uses"
    )
    session_lifetime: timedelta = Field(
        timedelta(days=7), gt=NO_TIME, description="How long a session lasts that is used, until the next sign-in"
    )
    oidc_issuer: str | None = Field(
        None, description="OpenID provider that people sign in by, https://...; none: passwords"
    )
    oidc_client_id: str = Field("", description="What the OpenID provider calls this installation")
    oidc_client_secret: str | None = Field(
        None, description="What this installation shows to the OpenID provider; none: PKCE alone"
    )
    oidc_scopes: str = Field("openid profile email", description="What the OpenID provider is asked to tell")
    oidc_name_claim: str = Field("preferred_username", description="Claim that names the user; else email, else sub")
    oidc_role_claim: str = Field("groups", description="Claim that gives the role; dots go into objects")
    oidc_roles: str = Field(
        "", description="Which of its values gives which role, ROLE=VALUE; ROLE=VALUE; the value * is everybody"
    )
    oidc_customer_claim: str | None = Field(
        None, description="Claim that names the customer whose devices the user sees; who has none sees all"
    )
    clock: str = Field("system", description="Where time comes from; START@WALL_EPOCHxSPEED for a sped-up replay")
    clock_tolerance: timedelta = Field(
        timedelta(minutes=5), ge=NO_TIME, description="How far a device's clock may be ahead before it is refused"
    )
    ingest_id: str = Field(default_factory=socket.gethostname, description="Name of this ingest replica for people")
    ingest_batch_rows: int = Field(10_000, ge=1, description="Rows after which a batch is written")
    ingest_batch_wait: timedelta = Field(
        timedelta(milliseconds=50), description="Longest wait of a reading for its batch"
    )
    ingest_group: str = Field(
        "ingest",
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Replicas with the same name share the messages; another name gets all of them too",
    )
    ingest_session_expiry: timedelta = Field(
        timedelta(days=7),
        gt=NO_TIME,
        description="How long the broker keeps messages for an ingest replica that is away",
    )
    ingest_takeover: timedelta = Field(
        timedelta(seconds=30),
        ge=timedelta(seconds=1),
        description="How long an ingest replica may be gone before another one takes over its share",
    )
    metrics_host: str = Field("127.0.0.1", description="Address that /metrics and /health are served on")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of /metrics and /health of each process but serve and flows; 0: off"
    )
    train_interval: timedelta = Field(timedelta(days=7), gt=NO_TIME, description="How often models are trained")
    score_interval: timedelta = Field(timedelta(minutes=15), gt=NO_TIME, description="How often devices are scored")
    drift_interval: timedelta = Field(
        timedelta(days=1), gt=NO_TIME, description="How often it is measured whether models still fit what they see"
    )
    alarm_reminder: timedelta = Field(
        timedelta(minutes=30), gt=NO_TIME, description="How long an alarm stays unacknowledged before it is told again"
    )
    local_receivers: bool = Field(
        False, description="Whether webhooks and channels may go to this machine and to link-local addresses"
    )
    event_source: str = Field(
        "/aftercare", min_length=1, max_length=200, description="What events sent to webhooks call this installation"
    )
    delivery_give_up: timedelta = Field(
        timedelta(days=5), gt=NO_TIME, description="How long a receiver may fail in a row before it is stopped"
    )
    outbox_retention: timedelta = Field(
        timedelta(days=30), gt=NO_TIME, description="How long changes are kept that every receiver has had"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error")

    @field_validator(
        "clock_tolerance",
        "ingest_batch_wait",
        "ingest_session_expiry",
        "ingest_takeover",
        "train_interval",
        "score_interval",
        "drift_interval",
        "delivery_give_up",
        "outbox_retention",
        "alarm_reminder",
        "session_idle",
        "session_lifetime",
        mode="before",
    )
    @classmethod
    def _read_duration(cls, value: object) -> object:
        return parse_duration(value) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = (
            TomlConfigSettingsSource(settings_cls, Path(os.environ[CONFIG_FILE])) if CONFIG_FILE in os.environ else None
        )
        sources = (init_settings, env_settings, file_secret_settings)
        return (*sources, toml) if toml else sources


def load_settings(**overrides: object) -> Settings:
    """Read the settings. Raises ConfigurationError naming the setting and what is wrong with it."""
    config = os.environ.get(CONFIG_FILE)
    if config and not Path(config).is_file():
        raise ConfigurationError(f"{CONFIG_FILE} names {config}, which is not a file")
    secrets = os.environ.get(SECRETS_DIR)
    if secrets and not Path(secrets).is_dir():
        raise ConfigurationError(f"{SECRETS_DIR} names {secrets}, which is not a folder")
    make: Callable[..., Settings] = partial(Settings, _secrets_dir=secrets) if secrets else Settings  # type: ignore[call-arg]
    try:
        return make(**overrides)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{CONFIG_FILE}: {config} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "settings"
        name = field if field.isupper() else f"AFTERCARE_{field.upper()}"
        raise ConfigurationError(f"{name} is wrong: {first['msg']}; got {first['input']!r}") from error


def child_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """Our environment with `additions`, for a process that we start."""
    return {**os.environ, **additions}
