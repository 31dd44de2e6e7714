"""Settings that every process with Kafka has; read once, by `__main__`, from the environment."""

import os
import ssl
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.errors import ConfigurationError


class KafkaSettings(BaseSettings):
    """How to reach the broker (KAFKA_…)."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True, extra="ignore")

    bootstrap_servers: str | None = Field(None, description="host:port, comma-separated; local Kafka when not set")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: str | None = Field(None, description="PEM file with the authorities to trust; the system's when not set")

    def client_options(self) -> dict[str, Any]:
        """Security options for any aiokafka client."""
        options: dict[str, Any] = {"security_protocol": self.security_protocol}
        if self.security_protocol in ("SSL", "SASL_SSL"):
            options["ssl_context"] = ssl.create_default_context(cafile=self.ssl_cafile)
        if self.security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password.get_secret_value() if self.sasl_password else None
        return options


class LogSettings(BaseSettings):
    """How to log (LOG_…)."""

    model_config = SettingsConfigDict(env_prefix="LOG_", frozen=True, extra="ignore")

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "json", "console"] = Field("auto", description="auto: colours on a terminal, else JSON lines")


class StreamSettings(BaseSettings):
    """Bounds of a stream worker; a service gives it a prefix of its own."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    batch_max_records: int = Field(32, ge=1, description="Records of one partition that are handled and committed together")
    batch_max_bytes: int = Field(4_000_000, ge=1, description="A batch ends when it weighs this much, in bytes")
    queue_max_records: int = Field(256, ge=1, description="Records of one partition that wait in memory")
    queue_max_bytes: int = Field(32_000_000, ge=1, description="What they may weigh, in bytes; a single record may weigh more")
    guarantee: Literal["exactly_once", "at_least_once"] = Field("exactly_once", description="Transactions, or none")
    transaction_timeout_s: float = Field(30.0, gt=0, description="The broker aborts a transaction that is open this long")
    session_timeout_s: float = Field(30.0, gt=0, description="The group drops a member that is silent this long")
    heartbeat_interval_s: float = Field(3.0, gt=0, description="How often a member says that it lives")
    rebalance_timeout_s: float = Field(60.0, gt=0, description="What members get to hand over partitions")
    revoke_deadline_s: float = Field(20.0, gt=0, description="What a running commit gets when its partition is taken away")
    stop_deadline_s: float = Field(25.0, gt=0, description="What stopping may take in all")
    stall_after_s: float = Field(600.0, gt=0, description="A batch that takes longer makes the worker not alive")
    breaker_in_a_row: int = Field(100, ge=0, description="So many failed records in a row pause the group; 0: never")
    breaker_share: float = Field(0.5, ge=0, le=1, description="... and so large a share of the window; 0: never")
    breaker_window: int = Field(500, ge=1, description="Records in the window of breaker_share")
    start_from: Literal["earliest", "latest"] = Field("earliest", description="Where a group that never committed begins")


# Where Docker and Kubernetes put secrets, which are better not in the environment.
SECRETS_VARIABLE = "NEWSLOOM_SECRETS_DIR"

S = TypeVar("S", bound=BaseSettings)


def read_settings(settings: type[S], **overrides: Any) -> S:
    """The settings from the environment, or from files named like the variables, in lower case, in NEWSLOOM_SECRETS_DIR.

    Raises:
        ConfigurationError: a value is wrong; the variable is named, its value is not.
    """
    try:
        return settings(_secrets_dir=os.environ.get(SECRETS_VARIABLE), **overrides)
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        problems = "; ".join(
            f"{prefix}{'_'.join(map(str, problem['loc']))}".upper() + f": {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(f"wrong settings: {problems}") from None
