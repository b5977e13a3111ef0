"""Raw answers that can be shown: forms and words stay, secrets and account numbers go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.doctor.evidence import Exchanged, evidence_of, shape_of


def answered(body: Any, *, secrets: tuple[str, ...] = ()) -> Any:
    """What is shown of an answer."""
    text = body if isinstance(body, str) else json.dumps(body)
    each = Exchanged(account="trade", method="GET", path="/x", params=("clientID",), status=200, text=text, secs=0.0123)
    return evidence_of([each], secrets)[0]["answer"]


ROW = {
    "ClientID": "AB1234",
    "LoginID": "AB1234",
    "AppOrderID": 1100043210,
    "OrderStatus": "Rejected",
    "CancelRejectReason": "RMS:Margin for AB1234 exceeds",
    "TradingSymbol": "IRFC",
    "OrderAverageTradedPrice": "",
    "ExchangeInstrumentID": 2029,
}


def test_account_numbers_go_wherever_they_stand() -> None:
    """Under their keys, and inside a reason; symbols, order numbers and words stay."""
    assert answered(ROW) == {
        **ROW,
        "ClientID": "Ax2 9x4",
        "LoginID": "Ax2 9x4",
        "CancelRejectReason": "RMS:Margin for Ax2 9x4 exceeds",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"result": {"token": "HUSH77", "userID": "HUSH77"}},
        {"result": {"clientCodes": ["HUSH77", "other"]}},
        {"result": {"BankDetails": [{"AccountNumber": "HUSH77"}], "EmailId": "HUSH77"}},
        {"description": "no such user HUSH77"},
        "<html>HUSH77</html>",
    ],
)
def test_secrets_go_in_every_form(body: Any) -> None:
    """What this process knows as secret, or what stands under a private key, however deep."""
    assert "HUSH77" not in json.dumps(answered(body, secrets=("HUSH77",)))


def test_what_is_private_in_one_answer_is_private_in_all() -> None:
    """The client code of the login stands in the rows of the book, under other keys."""
    login = Exchanged(
        account="t", method="POST", path="/s", params=(), status=200, text='{"clientCodes": ["AB1234"]}', secs=0
    )
    book = Exchanged(account="t", method="GET", path="/o", params=(), status=200, text='[{"x": "AB1234"}]', secs=0)
    assert evidence_of([book, login], [])[0]["answer"] == [{"x": "Ax2 9x4"}]


def test_failure_is_evidence_too() -> None:
    """No answer: the reason stands in its place, with the request and its time."""
    each = Exchanged(account="t", method="GET", path="/o", params=(), status=None, text="timed out", secs=7.0)
    assert evidence_of([each], []) == [
        {"account": "t", "request": "GET /o", "params": [], "status": None, "milliseconds": 7000, "answer": "timed out"}
    ]


@given(st.text(max_size=60))
def test_shape_says_nothing_but_the_shape(text: str) -> None:
    """No character of the text comes through, only kinds and counts."""
    assert set(shape_of(text)) <= set("Aa9.x 0123456789")
    assert sum(int(run[2:]) for run in shape_of(text).split()) == len(text)
