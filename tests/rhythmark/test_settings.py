"""What the environment says."""

from pathlib import Path

import pytest

from rhythmark.settings import Settings, SettingsError


def read(tmp_path, **variables):
    return Settings.read(variables, directory=tmp_path)


def test_settings_have_defaults_when_nothing_is_set(tmp_path):
    settings = read(tmp_path)
    assert (settings.dsn, settings.kafka, settings.secret) == (None, None, None)
    assert (settings.host, settings.port, settings.zone) == ("127.0.0.1", 8000, "UTC")
    assert settings.home == tmp_path / ".rhythmark"
    assert settings.data == tmp_path / "../shared/data"


def test_settings_take_secrets_from_files_when_a_file_is_named(tmp_path):
    (tmp_path / "dsn").write_text("postgresql://somewhere\n")
    settings = read(tmp_path, RHYTHMARK_DSN_FILE=str(tmp_path / "dsn"), RHYTHMARK_DSN="postgresql://elsewhere")
    assert settings.required_dsn() == "postgresql://somewhere"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"RHYTHMARK_PORT": "65536"}, "within .0, 65535., got '65536'"),
        ({"RHYTHMARK_PORT": "-1"}, "RHYTHMARK_PORT"),
        ({"RHYTHMARK_KAFKA": "a:1;b:2"}, "RHYTHMARK_KAFKA must be host:port"),
        ({"RHYTHMARK_KAFKA": "a:1,b:99999"}, "RHYTHMARK_KAFKA must be within .1, 65535., got 'b:99999'"),
        ({"RHYTHMARK_KAFKA": "a:0"}, "RHYTHMARK_KAFKA must be within .1, 65535., got 'a:0'"),
        ({"RHYTHMARK_LOG_FORMAT": "xml"}, "RHYTHMARK_LOG_FORMAT must be one of auto, json, console, got 'xml'"),
        ({"RHYTHMARK_SECRET": "x" * 31}, "at least 32 characters, got 31"),
        ({"RHYTHMARK_LOG": "loud"}, "RHYTHMARK_LOG must be one of debug, info, warning, error, got 'loud'"),
        ({"RHYTHMARK_ZONE": "Mars/Base"}, "RHYTHMARK_ZONE must be a time zone as Europe/Berlin, got 'Mars/Base'"),
        ({"RHYTHMARK_ZONE": "../etc"}, "RHYTHMARK_ZONE must be a time zone"),
        ({"RHYTHMARK_ZONE": "Europe"}, "RHYTHMARK_ZONE must be a time zone"),
        ({"RHYTHMARK_SECURE_COOKIES": "yes"}, "RHYTHMARK_SECURE_COOKIES must be one of 0, 1, got 'yes'"),
    ],
)
def test_settings_name_the_rule_when_a_value_breaks_it(tmp_path, variables, message):
    with pytest.raises(SettingsError, match=message):
        read(tmp_path, **variables)


def test_settings_take_an_empty_variable_for_none(tmp_path):
    names = ("HOME", "DATA", "HOST", "PORT", "ZONE", "LOG", "KAFKA", "DSN", "DSN_FILE", "SECRET", "SECURE_COOKIES")
    assert read(tmp_path, **{f"RHYTHMARK_{name}": "" for name in names}) == read(tmp_path)


def test_settings_refuse_an_empty_secret_file(tmp_path):
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        read(tmp_path, RHYTHMARK_SECRET_FILE=str(tmp_path / "empty"))


def test_settings_find_no_database_when_the_demo_is_not_running(tmp_path):
    (tmp_path / ".rhythmark" / "postgresql").mkdir(parents=True)
    with pytest.raises(SettingsError, match="no demo runs in"):
        read(tmp_path).required_dsn()


def test_secrets_are_readable_by_their_user_only(tmp_path):
    from rhythmark.private_files import kept_secret

    path = Path(tmp_path / "key")
    first = kept_secret(path, lambda: "made once")
    assert kept_secret(path, lambda: "made twice") == first == "made once"
    assert path.stat().st_mode & 0o777 == 0o600


def test_settings_take_the_newer_name_of_the_log_level_first(tmp_path):
    assert read(tmp_path, RHYTHMARK_LOG="debug").log_level == "debug"
    assert read(tmp_path, RHYTHMARK_LOG="debug", RHYTHMARK_LOG_LEVEL="error").log_level == "error"
