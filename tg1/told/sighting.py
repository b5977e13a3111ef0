"""How well a bot sees its accounts, and how its saves go: values from what its edges counted. PURE."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tg1.told.snapshot import ToldAccount, ToldSaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tg1.models import BotState, Role, TradeSide
    from tg1.told.edges import Readings

    AccountOf = Callable[[Role, TradeSide], str]

_MS = 1000
NO_SAVES = ToldSaves(count=0, p50_ms=None, p99_ms=None, fault="")


class AccountWatch:
    """Remembers since when each account has not been seen."""

    def __init__(self, accounts: Callable[[], Sequence[str]], account_of: AccountOf) -> None:
        self._accounts = accounts
        self._account_of = account_of
        self._good_at: dict[str, float] = {}
        """Monotonic seconds at which an account was seen last, or first had to be."""
        self._accepted: dict[str, set[str]] = {}
        """Order ids at the last look: a book that was read since then must show them."""

    def look(self, state: BotState, readings: Mapping[str, Readings], now: float) -> tuple[ToldAccount, ...]:
        """Every account as it is seen now (monotonic seconds)."""
        accepted: dict[str, set[str]] = {}
        live: Counter[str] = Counter()
        for level in state.levels.values():
            for order in level.orders:
                account = self._account_of(order.role, level.trade_side)
                live[account] += 1
                if order.order_id:
                    accepted.setdefault(account, set()).add(order.order_id)
        due = {name: ids & self._accepted.get(name, set()) for name, ids in accepted.items()}
        self._accepted = accepted
        return tuple(
            self._account(name, due.get(name, set()), readings.get(name), now, is_used=bool(live[name]))
            for name in self._accounts()
        )

    def _account(self, name: str, due: set[str], reading: Readings | None, now: float, *, is_used: bool) -> ToldAccount:
        rows = reading.rows if reading is not None else ()
        is_blank = bool(due) and reading is not None and reading.at is not None and not rows and not reading.fault
        if reading is not None and reading.at is not None and not is_blank:
            self._good_at[name] = reading.at
        if due:
            self._good_at.setdefault(name, now)
        else:
            # A book that nobody reads grows no older.
            self._good_at.pop(name, None)
        good_at = self._good_at.get(name)
        return ToldAccount(
            name=name,
            books_read=reading.read if reading else 0,
            books_refused=reading.refused if reading else 0,
            good_age_secs=None if good_at is None else max(0.0, now - good_at),
            orders_expected=len(due),
            orders_seen=len(due & {row.order_id for row in rows}) if due else 0,
            is_blank=is_blank,
            fault=reading.fault if reading is not None and is_used else "",
        )


def told_saves(count: int, secs: Iterable[float], fault: str) -> ToldSaves:
    """How the saves went: half of the last thousand took no longer than `p50_ms`."""
    ordered = sorted(secs)
    return ToldSaves(count=count, p50_ms=_quantile(ordered, 50), p99_ms=_quantile(ordered, 99), fault=fault)


def _quantile(ordered: Sequence[float], percent: int) -> float | None:
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * _MS
