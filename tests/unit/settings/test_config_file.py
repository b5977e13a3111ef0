"""`--config FILE`: what a TOML file of settings may say, and where a refusal points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.errors import ConfigError
from tg1.settings.config_file import parse
from tg1.settings.flag_table import GROUPS
from tg1.settings.flags import CREDENTIALS, flag_of

if TYPE_CHECKING:
    from decimal import Decimal

FILE = """\
# the bot of the example
bot-name = "IRFC-SBIN Grid"
entry_price = 50.10
steps = 5

auto-entry = false
no-reenter = true
holiday = [2026-12-25, "2026-12-31"]
stop-at = 14:55:00
charge = "brokerage=20"
trade-secret-file = "/etc/tg1/secret"
"""


def refusal(text: str) -> str:
    """The sentence that a text is refused with."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "bots/irfc.toml")
    return str(caught.value)


def test_file_says_what_flags_would_say() -> None:
    """Keys are flags without dashes; a price keeps its digits, and a switch that is off says nothing."""
    found = parse(FILE, "bots/irfc.toml")
    assert found.values == {
        "bot_name": "IRFC-SBIN Grid",
        "entry_price": "50.10",
        "steps": "5",
        "auto_reenter": False,
        "holidays": ("2026-12-25", "2026-12-31"),
        "stop_at": "14:55",
        "charges": "brokerage=20",
    }
    assert found.secret_files == {"trade_secret": "/etc/tg1/secret"}
    assert found.place("holidays") == "bots/irfc.toml, line 8"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("stepz = 5", "stepz is no setting of a bot; did you mean steps?"),
        ("qqq = 5", "qqq is no setting of a bot; the keys are the flags of tg1 run, without their dashes."),
        ("steps = [5]", "steps takes one value, a text or a number."),
        ("steps = true", "steps takes one value, a text or a number."),
        ("paper = 1", "paper is a switch, true or false."),
        ("fresh = true", "fresh is for one start: give it as a flag, by hand, or it acts at every restart."),
        ("clear-attention = true", "clear-attention is for one start:"),
        ("bot_name = 'B'", "bot_name is set a second time (first in line 1)."),
        ("trade-key-file = 5", "trade-key-file takes the name of a file."),
        ("[grid]\nsteps = 5", "grid is a table; the settings of a bot stand without any."),
        ("grid.steps = 5", "grid is a table; the settings of a bot stand without any."),
        ("cancel-all = true", "cancel-all is no setting of a bot;"),
    ],
)
def test_refusal_names_file_line_and_nearest_key(line: str, told: str) -> None:
    """The second line is at fault each time."""
    assert refusal(f"bot-name = 'A'\n{line}").startswith(f"bots/irfc.toml, line 2: {told}")


@pytest.mark.parametrize("name", CREDENTIALS)
def test_keys_and_secrets_are_refused_without_their_value(name: str) -> None:
    """Only the name of a file may stand there (behaviour 16)."""
    key = flag_of(name).removeprefix("--")
    sentence = refusal(f"{key} = 'HUSH77'")
    assert f"name a file that holds it ({key}-file)" in sentence
    assert "HUSH77" not in sentence


def test_text_that_is_no_toml_is_refused_with_its_place() -> None:
    """Line and column are those of the parser."""
    told = refusal("steps = 5\ntoken-a = IRFC")
    assert told.startswith("bots/irfc.toml is not TOML: ")
    assert told.endswith("(at line 2, column 11); text needs quotes, and no key stands twice.")
    assert "line 2" in refusal("steps = 5\nspread = \n")


@given(st.decimals(min_value=0, max_value=10**7, places=2))
def test_prices_come_through_to_the_paisa(price: Decimal) -> None:
    """A TOML float is read by its digits, never as a binary fraction."""
    assert parse(f"entry-price = {price:.2f}", "f").values["entry_price"] == f"{price:.2f}"


def test_every_flag_has_its_key() -> None:
    """But for credentials, whose key names a file, and for what is for one start."""
    for flag in (flag for group in GROUPS.values() for flag in group):
        key = flag_of(flag.field).removeprefix("--")
        if flag.field in CREDENTIALS:
            assert parse(f"{key}-file = 'f'", "f").secret_files == {flag.field: "f"}
        elif flag.field not in ("fresh", "clear_attention"):
            value = "'x'" if flag.metavar else "true"
            assert set(parse(f"{key} = {value}", "f").values) == {flag.field}
