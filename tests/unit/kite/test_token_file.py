"""The token of the day goes into the Zerodha file, and nothing else of it changes."""

from __future__ import annotations

import configparser
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.errors import ConfigError
from tg1.kite.token_file import with_token, write_token

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
; mine
[API_CREDENTIALS_Other]
api_key = o
access_token = theirs

[API_CREDENTIALS_Sai]
# from the console
api_key = k
Access_Token : old
api_secret = s

[else]
access_token = none of ours
"""


def test_only_the_users_token_changes() -> None:
    """Comments, order, other users and the way it is written stay."""
    assert with_token(FILE, "Sai", "new") == FILE.replace("Access_Token : old", "Access_Token : new")


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_missing_token_is_added_to_its_section(end: str) -> None:
    """Behind the last line of the section, whether or not the file ends with a line break."""
    written = with_token(f"[API_CREDENTIALS_Sai]\napi_key = k{end}", "Sai", "new")
    parser = configparser.ConfigParser()
    parser.read_string(written)
    assert dict(parser["API_CREDENTIALS_Sai"]) == {"api_key": "k", "access_token": "new"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[API_CREDENTIALS_Other]\napi_key = k\n", r"no section \[API_CREDENTIALS_Sai\]"),
        ("[API_CREDENTIALS_Sai]\napi_key = k\nnonsense\n", "not a valid INI file"),
        ("[API_CREDENTIALS_Sai]\naccess_token = a\n  b\n", "write it by hand"),
    ],
)
def test_file_that_does_not_take_the_token_is_refused(text: str, told: str) -> None:
    """It is proved by reading it back, as the bot will."""
    with pytest.raises(ConfigError, match=told):
        with_token(text, "Sai", "new")


VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


@given(
    others=st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), VALUES, max_size=4),
    token=st.from_regex(r"[A-Za-z0-9]{6,32}", fullmatch=True),
    blank=st.sampled_from(["", "\n", "\n# c\n"]),
)
def test_token_reads_back_whatever_stands_around_it(others: dict[str, str], token: str, blank: str) -> None:
    """Written, read back and written again."""
    lines = [f"{name} = {value}\n" for name, value in others.items() if name != "access_token"]
    text = f"[API_CREDENTIALS_Sai]\n{''.join(lines)}{blank}[z]\nq = 1\n"
    written = with_token(text, "Sai", token)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(written)
    assert parser["API_CREDENTIALS_Sai"]["access_token"] == token
    assert with_token(written, "Sai", token) == written


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o644, 0o640), (0o640, 0o640)])
def test_file_is_its_owners_alone(tmp_path: Path, before: int, after: int) -> None:
    """0600; a group that could read it still can, for the bot may run under it, but nobody else."""
    path = tmp_path / "z.ini"
    path.write_text(FILE, encoding="utf-8")
    path.chmod(before)
    write_token(path, "Sai", "new")
    assert stat.S_IMODE(path.stat().st_mode) == after
    assert "Access_Token : new" in path.read_text(encoding="utf-8")
    assert [each.name for each in tmp_path.iterdir()] == ["z.ini"]


def test_link_stays_a_link(tmp_path: Path) -> None:
    """The file behind it is replaced."""
    path, link = tmp_path / "z.ini", tmp_path / "link.ini"
    path.write_text(FILE, encoding="utf-8")
    link.symlink_to(path)
    write_token(link, "Sai", "new")
    assert link.is_symlink()
    assert "Access_Token : new" in path.read_text(encoding="utf-8")


def test_refusal_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """No half file, and nothing beside it."""
    path = tmp_path / "z.ini"
    path.write_text("[other]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no section"):
        write_token(path, "Sai", "new")
    assert path.read_text(encoding="utf-8") == "[other]\n"
    assert [each.name for each in tmp_path.iterdir()] == ["z.ini"]
