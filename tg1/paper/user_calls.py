"""The calls of the XTS API about the user: login, logout, profile, balance, enums (xts.md 2.1, 2.2, 2.11)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tg1.paper.envelope import Call, failure, success
from tg1.paper.exchange import PaperExchange
from tg1.paper.rows import rupees_text
from tg1.paper.wire import WireReply, WireRequest, loads_object

_EVENTS = ("joined", "error", "warning", "success", "order", "trade", "logout", "position")
_ENUMS: Mapping[str, Any] = {
    "socketEvent": [*_EVENTS, "tradeConversion"],
    "orderSide": ["BUY", "SELL"],
    "orderSource": ["TWSAPI", "WebAPI"],
    "positionSqureOffMode": ["DayWise", "NetWise"],
    "positionSquareOffQuantityType": ["ExactQty", "Percentage"],
    "dayOrNet": ["DayWise", "NetWise"],
    "instrumentType": [],
    "exchangeSegment": [],
    "exchangeInfo": {
        "NSECM": {
            "productType": ["CNC", "MIS", "NRML"],
            "orderType": ["StopLimit", "StopMarket", "Limit", "Market"],
            "timeInForce": ["DAY", "IOC"],
        }
    },
}
_FULL_ONLY = ("instrumentType", "exchangeSegment")
_NO_NUMBER = "NaN"


class UserCalls:
    """Answers who is logged in, and with what."""

    def __init__(self, exchange: PaperExchange) -> None:
        self._exchange = exchange

    def login(self, request: WireRequest, now: datetime) -> WireReply:
        """POST /user/session."""
        body = loads_object(request)
        session = self._exchange.login(str(body.get("appKey", "")), str(body.get("secretKey", "")), now)
        login = self._exchange.accounts.of_token(session.token, now)
        result = {
            "token": session.token,
            "userID": login.user_id,
            "isInvestorClient": login.is_investor,
            "clientCodes": [account.client_code for account in login.accounts],
            "enums": self._enums(),
            "exchangeSegmentArray": [{"key": "NSECM", "value": 1}],
        }
        return success("s-user-0001", "Valid User.", result)

    def logout(self, call: Call) -> WireReply:
        """DELETE /user/session."""
        self._exchange.accounts.kill(call.account.name)
        return success("s-user-0001", "successfully logout from all API.", "")

    def profile(self, call: Call) -> WireReply:
        """GET /user/profile."""
        profile = {"ClientId": call.account.client_code, "ClientName": "PAPER"}
        return success("s-user-0001", "Success Profile", profile | dict.fromkeys(("EmailId", "MobileNo", "PAN"), ""))

    def enums(self, _call: Call) -> WireReply:
        """GET /user/enums."""
        return success("s-user-0001", "Success", self._enums())

    def balance(self, call: Call) -> WireReply:
        """GET /user/balance: values are strings, "NaN" where there is no limit (xts.md 2.11)."""
        form = self._exchange.quirks.balance_form
        if form == "none":
            return failure("e-user-0001", "No RMS Limit assign to user")
        limits = {
            "RMSSubLimits": self._sub_limits(call.account.name, full=form == "full"),
            "marginAvailable": {"CashMarginAvailable": _text(call.account.margin)},
            "marginUtilized": {"CashMarginUtilized": rupees_text(self._exchange.margin_used(call.account.name))},
            "limitsAssigned": {"CNCLimit": "0", "MISLimit": "0"},
            "AccountID": call.account.client_code,
        }
        return success("s-user-0002", "OK", {"BalanceList": [{"limitHeader": "ALL|ALL|ALL", "limitObject": limits}]})

    def _sub_limits(self, account: str, *, full: bool) -> dict[str, str]:
        exchange = self._exchange
        limit, used = exchange.accounts.by_name[account].margin, exchange.margin_used(account)
        realized, unrealized = exchange.ledger.mark_to_market(account)
        cash = {
            "cashAvailable": _text(limit),
            "marginUtilized": rupees_text(used),
            "netMarginAvailable": _text(None if limit is None else limit - used),
        }
        if not full:
            return cash
        return cash | {
            "collateral": "0.00",
            "MTM": rupees_text(realized + unrealized),
            "UnrealizedMTM": rupees_text(unrealized),
            "RealizedMTM": rupees_text(realized),
        }

    def _enums(self) -> dict[str, Any]:
        if self._exchange.quirks.login_enums == "full":
            return dict(_ENUMS)
        return {name: value for name, value in _ENUMS.items() if name not in _FULL_ONLY} | {"socketEvent": [*_EVENTS]}


def _text(rupees: Decimal | None) -> str:
    return _NO_NUMBER if rupees is None else rupees_text(rupees)
