"""What --zerodha-config may hold, and how it is refused (behaviour 16)."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

import pytest

from tg1.errors import ConfigError
from tg1.kite.credentials import ZerodhaConfigFile

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "[API_CREDENTIALS_Sai]\napi_key = key-1\napi_secret = secret-1\naccess_token = token%1\n"


@pytest.fixture
def file(tmp_path: Path) -> ZerodhaConfigFile:
    """The file of user Sai, with everything in it."""
    path = tmp_path / "zerodha.ini"
    path.write_text(GOOD)
    return ZerodhaConfigFile(path=path, user="Sai")


def test_credentials_are_read_as_they_stand(file: ZerodhaConfigFile) -> None:
    """A % is no interpolation."""
    found = file.load()
    assert (found.api_key, found.api_secret, found.access_token) == ("key-1", "secret-1", "token%1")
    assert found.secrets == ("key-1", "secret-1", "token%1")


def test_quotes_and_a_byte_order_mark_do_no_harm(file: ZerodhaConfigFile) -> None:
    """Both come from editors."""
    file.path.write_text("\ufeff" + GOOD.replace("key-1", '"key-1"'), encoding="utf-8")
    assert file.load().api_key == "key-1"


def test_renewed_token_is_seen_without_a_restart(file: ZerodhaConfigFile) -> None:
    """The feed asks again (behaviour 10.3)."""
    assert file.access_token() == "token%1"
    file.path.write_text(GOOD.replace("token%1", "token-2"))
    assert file.access_token() == "token-2"


def test_repr_shows_no_value(file: ZerodhaConfigFile) -> None:
    """Behaviour 16."""
    assert repr(file.load()) == "ZerodhaCredentials(user='Sai')"


def test_file_without_a_secret_is_enough(file: ZerodhaConfigFile) -> None:
    """Nothing that the bot does needs it: only a login does, which a person does (kite.md 2.5)."""
    file.path.write_text(GOOD.replace("api_secret = secret-1\n", ""))
    assert file.load().api_secret == ""


@pytest.mark.parametrize("value", ["…", "...", "<token>"])
def test_placeholder_of_an_example_is_no_token(file: ZerodhaConfigFile, value: str) -> None:
    """Copied from the README, it was sent to Kite as a token."""
    file.path.write_text(GOOD.replace("token%1", value), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"access_token .*placeholder"):
        file.load()


def test_file_that_others_can_read_is_warned_of(file: ZerodhaConfigFile) -> None:
    """Behaviour 16: as the files of keys are."""
    file.path.chmod(0o644)
    (warning,) = file.load().warnings
    assert "chmod 600" in warning
    assert str(file.path) in warning
    file.path.chmod(0o600)
    assert file.load().warnings == ()


def test_file_that_never_ends_or_begins_is_refused(tmp_path: Path) -> None:
    """Behaviour 19: a pipe and a gigabyte are refused in a sentence, with signals working all the while."""
    os.mkfifo(tmp_path / "fifo")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(10**9)
    for name, why in (("fifo", "it is a pipe"), ("huge", "it has more than 65,536 bytes")):
        with pytest.raises(ConfigError, match=rf"--zerodha-config .*{name} can't be read: {why}"):
            ZerodhaConfigFile(path=tmp_path / name, user="Sai").load()


@pytest.mark.parametrize("name", ["api_key", "access_token"])
@pytest.mark.parametrize("form", ["missing", "empty"])
def test_missing_field_is_named_with_file_and_section(file: ZerodhaConfigFile, name: str, form: str) -> None:
    """The sentence says where to write what."""
    lines = [line for line in GOOD.splitlines() if not line.startswith(name)]
    file.path.write_text("\n".join([*lines, f"{name} =" if form == "empty" else ""]))
    with pytest.raises(ConfigError) as caught:
        file.load()
    assert all(part in str(caught.value) for part in (str(file.path), "[API_CREDENTIALS_Sai]", name))


def test_missing_token_comes_with_the_way_to_get_one(file: ZerodhaConfigFile) -> None:
    """Behaviour 10.3."""
    file.path.write_text(GOOD.replace("token%1", ""))
    with pytest.raises(ConfigError, match="tg1 login"):
        file.load()


def test_missing_section_is_named_with_those_that_are_there(file: ZerodhaConfigFile) -> None:
    """Most often the user's name is spelt otherwise."""
    with pytest.raises(ConfigError, match=r"no section \[API_CREDENTIALS_sai\].*found: \[API_CREDENTIALS_Sai\]"):
        ZerodhaConfigFile(path=file.path, user="sai").load()


def test_missing_file_is_named(tmp_path: Path) -> None:
    """One sentence, no traceback."""
    with pytest.raises(ConfigError, match=r"none\.ini can't be read: No such file"):
        ZerodhaConfigFile(path=tmp_path / "none.ini", user="Sai").load()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("s3cretLine without a section", "line 1 stands before any"),
        ("[API_CREDENTIALS_Sai]\ns3cretLine\n", "line 2 is neither"),
        (GOOD + GOOD, "line 5 begins a section that is there already"),
        (GOOD + "access_token = token-2\n", "line 5 gives access_token a second time"),
        (GOOD + "s3cretLine = 1\ns3cretLine = 2\n", "line 6 gives a name a second time"),
        ("[API_CREDENTIALS_Sai\ns3cretLine", "line 1 stands before any"),
    ],
    ids=["no-section", "no-value", "twice", "second-token", "other-name", "broken-section"],
)
def test_broken_file_is_refused_without_quoting_it(file: ZerodhaConfigFile, content: str, why: str) -> None:
    """The parser's own message quotes the line, which may hold a token; its number helps and tells nothing."""
    file.path.write_text(content)
    with pytest.raises(ConfigError, match=f"not a valid INI file: {why}") as caught:
        file.load()
    told = "".join(traceback.format_exception(caught.value))
    assert "s3cretline" not in told.lower()
    assert not any(secret in told for secret in ("s3cretLine", "key-1", "token%1"))


def test_file_that_is_no_text_is_refused(file: ZerodhaConfigFile) -> None:
    """A spreadsheet or an archive by mistake."""
    file.path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ConfigError, match="not a valid INI"):
        file.load()


@pytest.mark.parametrize("value", ["to ken", "tok\u00e9n"], ids=["blank-inside", "not-ascii"])
def test_token_that_can_not_be_right_is_refused_without_showing_it(file: ZerodhaConfigFile, value: str) -> None:
    """A slip while pasting is told at once, instead of as an expired token."""
    file.path.write_text(GOOD.replace("token%1", value), encoding="utf-8")
    with pytest.raises(ConfigError, match="access_token") as caught:
        file.load()
    assert value not in str(caught.value)
