"""Whom a login trades for: investors, dealers with one client and with several, and pro logins (behaviour 11.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.xts_doubles import login_reply
from tg1.errors import ClientNotNamed, ExitCode, SessionRefused
from tg1.xts.answer import read_answer
from tg1.xts.login import Caller, XtsLogin, login_of

FLAG = "--trade-client"
DEALER = {"isInvestorClient": False, "clientCodes": ["AB12", "BX02"]}


def login(**fields: Any) -> XtsLogin:
    """What a server's login reply gives."""
    return login_of(read_answer(login_reply(**fields), str))


@pytest.mark.parametrize(
    ("fields", "named", "client_id"),
    [
        ({}, "", None),
        ({}, "ABC123", None),
        ({"isInvestorClient": "true"}, "", None),
        ({"isInvestorClient": None}, "", None),
        ({"isInvestorClient": False, "clientCodes": ["AB12"]}, "", "AB12"),
        ({"isInvestorClient": False, "clientCodes": ["AB12", "AB12"]}, "", "AB12"),
        (DEALER, "BX02", "BX02"),
        (DEALER, "bx02", "BX02"),
        ({"isInvestorClient": "False", "clientCodes": ["*****"]}, "", None),
        ({"isInvestorClient": False, "clientCodes": ["*****", "AB12"]}, "AB12", "AB12"),
        ({"isInvestorClient": False, "clientCodes": ["*****", "AB12"]}, "*****", "*****"),
        ({"isInvestorClient": False, "clientCodes": []}, "", "ABC123"),
        ({"isInvestorClient": False, "clientCodes": None}, "", "ABC123"),
        ({"isInvestorClient": False, "clientCodes": None}, "AB12", "AB12"),
        ({"isInvestorClient": False, "clientCodes": [], "userID": ""}, "", None),
    ],
    ids=[
        *("investor", "investor-named", "text", "missing", "dealer", "dealer-twice", "named", "named-in-lower-case"),
        *("pro", "dealer-beside-pro", "pro-named", "no-codes", "null-codes", "null-codes-named", "nameless"),
    ],
)
def test_calls_name_the_client_of_a_dealer_and_of_nobody_else(
    fields: dict[str, Any], named: str, client_id: str | None
) -> None:
    """Investors omit clientID (xts.md 1.7); a pro login whose only code is ***** sends none (behaviour 11.5)."""
    caller = login(**fields).caller(named, FLAG)
    assert caller == Caller(token=caller.token, client_id=client_id)


def test_dealer_with_several_clients_is_refused_unless_one_is_named() -> None:
    """Orders on a client's account that nobody chose are worse than none; the sentence names both and the flag."""
    with pytest.raises(ClientNotNamed, match="AB12, BX02: say with --trade-client") as caught:
        login(**DEALER).caller("", FLAG)
    assert isinstance(caught.value, SessionRefused), "an emergency stop clears the other accounts all the same"
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("fields", [DEALER, {}], ids=["dealer", "investor"])
def test_client_that_the_login_has_not_is_refused(fields: dict[str, Any]) -> None:
    """A misspelt code, or the key of another account (behaviour 11.5)."""
    with pytest.raises(ClientNotNamed, match="--trade-client ZZ99: this login has no such client, but A"):
        login(**fields).caller("ZZ99", FLAG)


def test_login_needs_none_of_the_enums() -> None:
    """Servers leave out what others list: instrumentType, exchangeSegment, tradeConversion, or all (xts.md 2.1)."""
    for enums in ({}, {"socketEvent": ["order"]}, None, "x"):
        assert login(enums=enums).user_id == "ABC123"


def test_caller_hides_its_token() -> None:
    """A repr in a log or a traceback shows no token (behaviour 16)."""
    assert "secret" not in repr(Caller(token="secret", client_id="AB12"))
