"""The trading accounts on Findoc's XTS (architecture 3, 10): up to three roles, one session per distinct app key.

It carries orders and reads books. It decides nothing about what to order.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

from tg1.errors import BrokerError, BrokerUnavailable, ConfigError, InvariantBroken
from tg1.machine.redact import Redactor
from tg1.models import Role, TradeSide
from tg1.rules.grid import to_tick
from tg1.xts.account import XtsAccount
from tg1.xts.connection import Connection
from tg1.xts.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from tg1.machine.clock import Clock
    from tg1.models import Balance, BrokerOrder, BrokerPosition, BrokerTrade, Instrument, OrderRequest
    from tg1.xts.http import Transport
    from tg1.xts.login import XtsCredentials
    from tg1.xts.sessions import SessionStore

_XTSSession = XtsAccount
"""Architecture 15's name for one account."""


class InstrumentSource(Protocol):
    """The day's instruments; `InstrumentCache` is the real one."""

    def load(self) -> None:
        """Have the day's dump at hand. Raises `FeedError`."""

    def find(self, symbol: str) -> Instrument:
        """The tradable instrument of `symbol`; raises `UnknownSymbol`."""


class FindocMultiClient:
    """The accounts of one bot; fulfils `Broker`. Roles with one key and one client are one account (architecture 3)."""

    def __init__(
        self,
        *,
        trade: XtsCredentials,
        upside_oco: XtsCredentials | None = None,
        downside_oco: XtsCredentials | None = None,
        root: str,
        product_type: str,
        instruments: InstrumentSource,
        transport_factory: Callable[[str], Transport],
        store: SessionStore,
        clock: Clock,
        on_secret: Callable[[str], None] = lambda _secret: None,
    ) -> None:
        self._product_type = product_type
        self._instruments = instruments
        self._clock = clock
        self._sessions: dict[str, _XTSSession] = {}
        known: dict[tuple[str, str], XtsAccount] = {}
        _check_keys({"trade": trade, "upside_oco": upside_oco, "downside_oco": downside_oco})
        # One for all: a broker's words go into the state file, whichever account's secret they quote (behaviour 16).
        redactor = Redactor()
        patience = Patience()

        def session_of(account: str, credentials: XtsCredentials) -> XtsAccount:
            client = (credentials.key, credentials.client.upper())
            if client not in known:
                connection = Connection(
                    account=account,
                    credentials=credentials,
                    root=root,
                    transport=transport_factory(account),
                    store=store,
                    clock=clock,
                    redactor=redactor,
                    on_secret=on_secret,
                )
                self._sessions[account] = known[client] = XtsAccount(connection, patience)
            return known[client]

        self.trade_session = session_of("trade", trade)
        self.upside_oco_session = session_of("upside_oco", upside_oco) if upside_oco else None
        self.downside_oco_session = session_of("downside_oco", downside_oco) if downside_oco else None

    @property
    def accounts(self) -> tuple[str, ...]:
        """The distinct accounts, each named by the first role that uses its key."""
        return tuple(self._sessions)

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        """The account that carries orders of this role and side (architecture 10)."""
        return self._get_oco_session(trade_side).account if role is Role.OCO else self.trade_session.account

    def _get_oco_session(self, trade_side: TradeSide) -> _XTSSession:
        """The session of the half's hedges; a bot without hedges has none and never asks."""
        session = self.upside_oco_session if trade_side is TradeSide.UPSIDE else self.downside_oco_session
        if session is None:
            raise InvariantBroken(f"there is no OCO account for the {trade_side}, but an OCO order was asked for")
        return session

    def connect(self) -> None:
        """Log every account in and load the day's instruments.

        Raises `SessionRefused`, `RateLimited` or `BrokerUnavailable` naming the account, and `FeedError`; a stop that
        is asked for meanwhile is a `BrokerUnavailable`, too.
        """
        for account, session in self._sessions.items():
            if self._clock.stop_requested:
                raise BrokerUnavailable(f"a stop was asked for before account {account} was logged in")
            session.open(wait=True)
        self._instruments.load()

    def load_instruments(self) -> None:
        """Have the day's instruments at hand; raises `FeedError`."""
        self._instruments.load()

    def connect_all(self) -> dict[str, BrokerError]:
        """Log in where it is possible, for `--cancel-all` (behaviour 13); return the failures by account.

        Loads no instruments, waits for no back-off and only briefly for others. A later call on a failed account tries
        its login again.
        """
        failures: dict[str, BrokerError] = {}
        for account, session in self._sessions.items():
            session.hurry()
            try:
                session.open(wait=False)
            except BrokerError as exc:
                failures[account] = exc
        return failures

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of `symbol`; `UnknownSymbol` when the dump has none."""
        return self._instruments.find(symbol)

    def round_to_tick(self, price: Decimal, symbol: str) -> Decimal:
        """The multiple of the symbol's tick nearest to `price`, in rupees; half a tick goes up."""
        return to_tick(price, self.instrument(symbol).tick_size)

    def place_order(self, account: str, request: OrderRequest) -> str:
        """Send one order, once; return its AppOrderID.

        Raises `BrokerRefused` (nothing was created), `BrokerUnavailable` (nothing left) or `BrokerUnknown`.
        """
        instrument_id = self.instrument(request.symbol).exchange_token
        return self._session(account).place(request, instrument_id=instrument_id, product_type=self._product_type)

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:  # noqa: ARG002  # part of `Broker`
        """Ask for a cancel; returning means "sent" (behaviour 4.6).

        `client_id` stays at home: the server takes a cancel without it, and whether it compares one is unknown
        (xts.md 9.2). Raises `BrokerError`; an order that is final already is a `BrokerRefused` (xts.md 4.7).
        """
        self._session(account).cancel(order_id)

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        """All orders of the account's day, as read after `since`; raises `BrokerError` (`Broker.order_book`)."""
        return self._session(account).order_book(since)

    def order_history(self, account: str, order_id: str) -> BrokerOrder | None:
        """One order as it stands now; None while the server does not know it. Raises `BrokerError`."""
        return self._session(account).order_history(order_id)

    def positions(self, account: str) -> tuple[BrokerPosition, ...]:
        """The account's net positions, not more than once a second; raises `BrokerError`."""
        return self._session(account).positions()

    def trades(self, account: str) -> tuple[BrokerTrade, ...]:
        """The day's executions, oldest first, not more than once a second; raises `BrokerError`."""
        return self._session(account).trades()

    def balance(self, account: str) -> Balance:
        """What the account may spend, not more than once a second; raises `BrokerError`."""
        return self._session(account).balance()

    def _session(self, account: str) -> _XTSSession:
        try:
            return self._sessions[account]
        except KeyError as exc:
            raise InvariantBroken(f"there is no account {account!r}, only {', '.join(self._sessions)}") from exc


def _check_keys(roles: Mapping[str, XtsCredentials | None]) -> None:
    """Raise `ConfigError` where roles that share an app key contradict each other."""
    given = [(role, credentials) for role, credentials in roles.items() if credentials is not None]
    for (role, first), (other, second) in itertools.combinations(given, 2):
        if first.key != second.key:
            continue
        if first.secret != second.secret:
            raise ConfigError(f"{role} and {other} have the same app key but different secrets")
        if bool(first.client) != bool(second.client):
            # Both might be the same client, whose orders would then be two accounts' at once.
            raise ConfigError(f"{role} and {other} have the same app key: name the client of both, or of neither")
