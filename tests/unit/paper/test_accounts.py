"""Whose request it is: investors, dealers with one and several client codes, PRO logins, dead sessions (xts.md 1.7)."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.support.paper_desk import START, Desk, place_body
from tg1.paper.accounts import Accounts
from tg1.paper.errors import PaperUsageError
from tg1.paper.quirks import Quirks


def _dealer(*clients: str) -> Desk:
    return Desk(quirks=Quirks(dealer_clients=clients))


def _login(desk: Desk) -> Any:
    body = {"appKey": "desk-key", "secretKey": "desk-secret", "source": "WEBAPI"}
    answer = desk.ask("POST", "user/session", body=body)
    desk.token = answer["result"]["token"]
    return answer["result"]


def test_investor_is_his_own_client_and_sends_no_code() -> None:
    """`clientCodes` holds his own, which he may send as well and no other (xts.md 1.7)."""
    desk = Desk()
    login = _login(desk)
    assert (login["isInvestorClient"], login["clientCodes"]) == (True, [login["userID"]])
    assert desk.ask("GET", "orders", clientID=login["userID"])["type"] == "success"
    assert desk.ask("GET", "orders", clientID="AD72")["description"] == "Supplied client not mapped under dealer"


@pytest.mark.parametrize("clients", [("AB12",), ("AB12", "AD72")], ids=["one", "several"])
def test_dealer_login_lists_its_client_codes(clients: tuple[str, ...]) -> None:
    """IsInvestorClient is false and the codes are its clients', not its own (xts.md 1.7)."""
    login = _login(_dealer(*clients))
    assert (login["isInvestorClient"], login["clientCodes"]) == (False, [*clients])
    assert login["userID"] not in clients


@pytest.mark.parametrize(
    ("method", "path", "where"),
    [("GET", "orders", "query"), ("GET", "orders/trades", "query"), ("DELETE", "orders", "query")],
)
def test_dealer_without_a_client_code_is_refused(method: str, path: str, where: str) -> None:
    """`clientID` is on every call of a dealer; without it the validator says so (xts.md 1.7, 4.5)."""
    answer = _dealer("AB12").ask(method, path)
    (error,) = answer["result"]["errors"]
    assert (answer["code"], error["field"], error["location"]) == ("e-property-validation-failed", ["clientID"], where)


def test_dealer_without_a_client_code_can_not_place() -> None:
    """A body without it creates nothing."""
    desk = _dealer("AB12")
    answer = desk.ask("POST", "orders", body=place_body())
    assert answer["result"]["errors"][0]["location"] == "body"
    assert desk.exchange.orders == {}


def test_clients_of_a_dealer_have_books_and_positions_of_their_own() -> None:
    """What is placed for one client is not in the other's book (xts.md 1.7)."""
    desk = _dealer("AB12", "AD72")
    placed = desk.ask("POST", "orders", body=place_body("BUY", "51.00", clientID="AD72"))
    assert placed["result"]["ClientID"] == "AD72"
    desk.wait()
    assert desk.ask("GET", "orders", clientID="AB12")["result"] == []
    (row,) = desk.ask("GET", "orders", clientID="AD72")["result"]
    assert (row["ClientID"], row["LoginID"], row["OrderStatus"]) == ("AD72", "PAPER1", "Filled")
    held = desk.ask("GET", "portfolio/positions", clientID="AD72", dayOrNet="NetWise")["result"]["positionList"]
    assert [(each["AccountID"], each["Quantity"]) for each in held] == [("AD72", "100")]
    assert desk.ask("DELETE", "orders", clientID="AB12", appOrderID=str(row["AppOrderID"]))["type"] == "error"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        pytest.param("portfolio/positions", "e-portfolio-00005", id="positions"),
        pytest.param("orders/trades", "e-trade-00002", id="trades"),
        pytest.param("orders", "e-orders-00002", id="orders"),
    ],
)
def test_pro_login_sends_no_client_code(path: str, code: str) -> None:
    """Its only code is "*****", and whoever sends that is "not mapped under dealer" (behaviour 11.5)."""
    desk = _dealer("*****")
    assert _login(desk)["clientCodes"] == ["*****"]
    refused = desk.ask("GET", path, clientID="*****", dayOrNet="NetWise")
    assert (refused["code"], refused["description"]) == (code, "Supplied client not mapped under dealer")
    assert desk.ask("GET", path, dayOrNet="NetWise")["type"] == "success"


def test_pro_account_shows_as_pro_in_its_rows() -> None:
    """Rows print ClientID "Pro", the answer to a placement the asterisks (xts.md 1.7, 2.3)."""
    desk = _dealer("*****")
    placed = desk.ask("POST", "orders", body=place_body())
    assert placed["result"]["ClientID"] == "*****"
    assert [row["ClientID"] for row in desk.book()] == ["Pro"]


def test_own_account_of_a_dealer_with_clients_is_reached_by_the_asterisks() -> None:
    """Findoc's login with a mapped client read its own book with them (xts.md 1.7)."""
    desk = _dealer("AB12", "*****")
    assert desk.ask("GET", "orders", clientID="*****")["type"] == "success"
    assert desk.ask("GET", "orders")["type"] == "error"


def test_dealer_books_are_those_of_the_client() -> None:
    """/orders/dealerorderbook has rows without GeneratedBy (xts.md 1.4, 2.6)."""
    desk = _dealer("AB12")
    desk.ask("POST", "orders", body=place_body("BUY", "51.00", clientID="AB12"))
    desk.wait()
    (row,) = desk.ask("GET", "orders/dealerorderbook", clientID="AB12")["result"]
    assert (row["OrderStatus"], "GeneratedBy" in row) == ("Filled", False)
    assert len(desk.ask("GET", "orders/dealertradebook", clientID="AB12")["result"]) == 1
    positions = desk.ask("GET", "portfolio/dealerpositions", clientID="AB12", dayOrNet="NetWise")
    assert len(positions["result"]["positionList"]) == 1


def test_client_code_of_two_logins_is_two_accounts() -> None:
    """The second login's account gets another name here and the same code on the wire."""
    accounts = Accounts(Random(0))
    first = accounts.declare("X1", "key-1", "secret", ["AB12"])
    second = accounts.declare("X2", "key-2", "secret", ["AB12"])
    assert (first.name, second.name, second.client_code) == ("AB12", "X2/AB12", "AB12")
    with pytest.raises(PaperUsageError):
        accounts.declare("X3", "key-1", "secret")


@pytest.mark.parametrize(
    "words", ["Session expired", "You have been logged out by another user.", "Token/Authorization not found"]
)
def test_dead_session_says_so_in_the_servers_own_words(words: str) -> None:
    """Codes, words and statuses differ from server to server (xts.md 4.2, 4.3, behaviour 11.1)."""
    desk = Desk(quirks=Quirks(dead_session_text=words, dead_session_code="e-user-9", dead_session_status=401))
    desk.exchange.accounts.kill(desk.account)
    reply = desk.send("GET", "orders")
    body = json.loads(reply.body)
    assert (reply.status, body["code"], body["description"]) == (401, "e-user-9", words)
    desk.login()
    desk.fault(kind="dead_token", text="Your session is over", code="e-x", status=200)
    assert (desk.ask("GET", "orders")["description"], desk.ask("GET", "orders")["type"]) == (
        *("Your session is over", "success"),
    )


def test_token_of_a_client_dies_with_its_login() -> None:
    """All clients of a dealer share its one session (xts.md 4.3)."""
    desk = _dealer("AB12", "AD72")
    desk.exchange.accounts.kill("AD72")
    assert desk.ask("GET", "orders", clientID="AB12")["code"] == "e-session-0007"


def test_limits_are_the_app_keys_whatever_client_and_session() -> None:
    """One book a second for all clients of a login, a new login included (xts.md 5, behaviour 11.3)."""
    desk = Desk(quirks=Quirks(dealer_clients=("AB12", "AD72"), rate_limit=True))
    assert desk.send("GET", "orders", clientID="AB12").status == 200
    assert desk.send("GET", "orders", clientID="AD72").status == 429
    _login(desk)
    assert desk.send("GET", "orders", clientID="AD72").status == 429
    desk.now = START + timedelta(seconds=1)
    assert desk.send("GET", "orders", clientID="AD72").status == 200
