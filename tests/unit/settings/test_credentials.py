"""Where keys and secrets come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tg1.errors import ConfigError
from tg1.machine.files import GivenFile
from tg1.settings.credentials import collect, read_secret_file

if TYPE_CHECKING:
    from pathlib import Path

FILE = {"TG1_TRADE_KEY_FILE": "/run/secrets/key"}


def no_file(path: Path) -> GivenFile:
    """Stands for a machine without credential files."""
    raise FileNotFoundError(2, "No such file or directory", str(path))


def holding(text: str, mode: int = 0o600) -> GivenFile:
    """A credential file."""
    return GivenFile(data=text.encode(), mode=mode)


def test_credentials_prefer_flag_to_environment_to_file() -> None:
    """Behaviour 16: a flag wins."""
    environ = {"TG1_TRADE_KEY": "from-env", **FILE}
    by_flag = collect({"trade_key": "from-flag"}, environ, no_file)
    by_environ = collect({}, environ, no_file)
    by_file = collect({}, FILE, lambda _path: holding("from-file\n"))
    assert [found.values["trade_key"] for found in (by_flag, by_environ, by_file)] == [
        "from-flag",
        "from-env",
        "from-file",
    ]


def test_credentials_warn_once_about_flags_without_quoting_them() -> None:
    """Other users see the process list (behaviour 16)."""
    found = collect({"trade_key": "k-value", "trade_secret": "s-value"}, {}, no_file)
    (warning,) = found.warnings
    assert "--trade-key, --trade-secret" in warning
    assert "-value" not in warning


def test_credentials_treat_empty_as_missing() -> None:
    """An empty flag or variable is no credential, and the next source is asked."""
    found = collect({"trade_key": ""}, {"TG1_TRADE_KEY": " ", **FILE}, lambda _path: holding("k"))
    assert found.values == {"trade_key": "k"}
    assert not found.warnings


def test_credentials_warn_about_a_file_that_others_can_read() -> None:
    """Behaviour 16: a credential file is private."""
    found = collect({}, FILE, lambda _path: holding("k", 0o644))
    assert "/run/secrets/key" in found.warnings[0]
    assert not collect({}, FILE, lambda _path: holding("k", 0o600)).warnings


def test_credentials_name_the_variable_of_a_file_that_can_not_be_read() -> None:
    """The operator learns which variable and which path."""
    with pytest.raises(ConfigError, match=r"TG1_TRADE_KEY_FILE.*/run/secrets/key.*No such file"):
        collect({}, FILE, no_file)


def test_credentials_refuse_a_value_of_two_lines_without_quoting_it() -> None:
    """Such a file holds something else than a key."""
    with pytest.raises(ConfigError) as caught:
        collect({}, FILE, lambda _path: holding("hush\nhush"))
    assert "hush" not in str(caught.value)


def test_credentials_refuse_a_file_that_is_too_long(tmp_path: Path) -> None:
    """Behaviour 19: a gigabyte is no key, and is not read."""
    path = tmp_path / "key"
    path.write_bytes(b"h" * 5000)
    with pytest.raises(ConfigError, match=r"TG1_TRADE_KEY_FILE.*can't be read: it has more than 4,096 bytes"):
        collect({}, {"TG1_TRADE_KEY_FILE": str(path)}, read_secret_file)


@pytest.mark.parametrize("value", ["…", "...", "xxxx", "<key>", "YOUR_KEY"])
def test_credentials_refuse_the_placeholder_of_an_example(value: str) -> None:
    """Copied from the README with everything else, it cost a login that was refused."""
    with pytest.raises(ConfigError, match="TG1_TRADE_KEY holds the placeholder"):
        collect({}, {"TG1_TRADE_KEY": value}, no_file)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00hush"], ids=["binary"])
def test_credentials_refuse_a_file_that_holds_no_key(content: bytes, tmp_path: Path) -> None:
    """The bytes of the file are quoted nowhere, not in a chained error either."""
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        collect({}, {"TG1_TRADE_KEY_FILE": str(path)}, read_secret_file)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_credentials_read_a_real_file_with_its_mode(tmp_path: Path) -> None:
    """The edge reports the permission bits."""
    path = tmp_path / "key"
    path.write_text("made-up\n")
    path.chmod(0o640)
    assert read_secret_file(path) == GivenFile(data=b"made-up\n", mode=0o640)


def test_credentials_show_no_value() -> None:
    """No repr holds one (behaviour 16)."""
    assert "made-up" not in repr(collect({"trade_key": "made-up"}, {}, no_file))
    assert "made-up" not in repr(holding("made-up"))
