"""Settings: from the environment, wrong ones named without their values, secrets unseen."""

import pytest

from services.enricher.settings import EnricherSettings
from services.runtime.errors import ConfigurationError
from services.runtime.settings import KafkaSettings, read_settings


def test_environment_is_read_by_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHER_BATCH_MAX_RECORDS", "7")
    monkeypatch.setenv("ENRICHER_DISABLED_STAGES", '["topics"]')
    settings = read_settings(EnricherSettings)
    assert settings.batch_max_records == 7
    assert settings.disabled_stages == {"topics"}


def test_wrong_value_names_the_variable_and_not_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHER_BATCH_MAX_RECORDS", "secret-of-sorts")
    with pytest.raises(ConfigurationError, match="ENRICHER_BATCH_MAX_RECORDS") as wrong:
        read_settings(EnricherSettings)
    assert "secret-of-sorts" not in str(wrong.value)


def test_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "hunter2")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    settings = read_settings(KafkaSettings)
    assert "hunter2" not in repr(settings)
    assert settings.client_options()["sasl_plain_password"] == "hunter2"


def test_plain_connection_needs_no_options() -> None:
    assert KafkaSettings().client_options() == {"security_protocol": "PLAINTEXT"}
