"""What Prometheus reads: gauges and counters with their units, labelled by bot, account and symbol, and nothing else.

How many label values there are is bounded by the bots of the watched folders: no order, level or sentence is a label.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tg1.told.judge import Life
from tg1.watch.summary import open_rupees

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from tg1.told.snapshot import Snapshot
    from tg1.watch.seen import Look, SeenBot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MISSING = "prometheus-client is missing; install it with: pip install 'tg1[watch]'"

_BOT = ("bot",)
_ACCOUNT = ("bot", "account")
_SYMBOL = ("bot", "symbol")
_GAUGES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "tg1_watch_look_age_seconds": ((), "Time since the watch last looked"),
    "tg1_watch_alerts_waiting": ((), "Alerts that no target has taken yet"),
    "tg1_watch_folder_faults": ((), "Watched folders that can't be read"),
    "tg1_bot_state": (("bot", "state"), "1 for the state that the bot is judged to be in"),
    "tg1_bot_paper": (_BOT, "1 for a bot on the embedded exchange"),
    "tg1_bot_needs_person": (_BOT, "1 when a person has to look"),
    "tg1_bot_concerns": (_BOT, "Things that a person has to look at"),
    "tg1_bot_last_word_age_seconds": (_BOT, "Time since the bot's last snapshot"),
    "tg1_bot_net_rupees": (_BOT, "Realised, open at the last price, less charges"),
    "tg1_bot_realised_rupees": (_BOT, "Profit of finished round trips, before charges"),
    "tg1_bot_open_rupees": (_BOT, "Worth of open shares against their cost, both tokens"),
    "tg1_bot_charges_rupees": (_BOT, "Charges of everything executed"),
    "tg1_bot_orders_working": (_BOT, "Orders that work or may work"),
    "tg1_bot_open_levels": (_BOT, "Levels whose entry is filled"),
    "tg1_bot_price_rupees": (_SYMBOL, "Last price"),
    "tg1_bot_price_age_seconds": (_SYMBOL, "Time since the last tick, when the bot last told"),
    "tg1_bot_position_shares": (("bot", "account", "symbol"), "Shares held, signed"),
    "tg1_bot_book_age_seconds": (_ACCOUNT, "Time since the order book was read whole, when the bot last told"),
    "tg1_bot_orders_expected": (_ACCOUNT, "Orders that must be in the book"),
    "tg1_bot_orders_seen": (_ACCOUNT, "Those of them that the last book showed"),
    "tg1_bot_save_seconds": (("bot", "quantile"), "Time of a save of the state"),
}
_COUNTERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "tg1_bot_cycles": (_BOT, "Cycles since the process began"),
    "tg1_bot_saves": (_BOT, "Saves since the process began"),
    "tg1_bot_books_read": (_ACCOUNT, "Order books read since the process began"),
    "tg1_bot_books_refused": (_ACCOUNT, "Order books that could not be read since the process began"),
    "tg1_bot_feed_connections": (_BOT, "Connections of the price feed since the process began"),
    "tg1_bot_feed_faults": (_BOT, "Messages, ticks and callbacks of the price feed that failed"),
}


def exposition(look: Look | None, age_secs: float) -> bytes | None:
    """The answer to a scrape; None without prometheus-client."""
    try:
        core = import_module("prometheus_client.core")
        text = import_module("prometheus_client")
    except ModuleNotFoundError:
        return None
    registry = core.CollectorRegistry(auto_describe=False)
    registry.register(_Collector(core, look, age_secs))
    told: bytes = text.generate_latest(registry)
    return told


@dataclass(slots=True, eq=False)
class _Collector:
    """The figures of one look, as the library wants them."""

    core: Any
    look: Look | None
    age_secs: float
    families: dict[str, Any] = field(default_factory=dict)

    def collect(self) -> Iterator[Any]:
        """Every family, in the order of the tables."""
        for name, (labels, what) in _GAUGES.items():
            self.families[name] = self.core.GaugeMetricFamily(name, what, labels=labels)
        for name, (labels, what) in _COUNTERS.items():
            self.families[name] = self.core.CounterMetricFamily(name, what, labels=labels)
        if self.look is not None:
            self._add("tg1_watch_look_age_seconds", self.age_secs)
            self._add("tg1_watch_alerts_waiting", self.look.owed)
            self._add("tg1_watch_folder_faults", len(self.look.faults))
            for bot in self.look.bots:
                self._bot(bot)
        yield from self.families.values()

    def _add(self, family: str, value: float | Decimal | None, *labels: str) -> None:
        """What is not known has no sample."""
        if value is not None:
            self.families[family].add_metric(labels, float(value))

    def _bot(self, bot: SeenBot) -> None:
        name, judgement = bot.name, bot.judgement
        for life in Life:
            self._add("tg1_bot_state", judgement.life is life, name, life)
        self._add("tg1_bot_paper", bot.found.is_paper, name)
        self._add("tg1_bot_needs_person", judgement.needs_person, name)
        self._add("tg1_bot_concerns", len(judgement.concerns), name)
        age = judgement.age_secs
        self._add("tg1_bot_last_word_age_seconds", None if age is None else age + self.age_secs, name)
        if bot.found.snapshot is not None:
            self._told(name, bot.found.snapshot)

    def _told(self, name: str, snapshot: Snapshot) -> None:
        self._add("tg1_bot_cycles", snapshot.cycle, name)
        self._add("tg1_bot_orders_working", len(snapshot.orders), name)
        self._add("tg1_bot_open_levels", sum(1 for level in snapshot.levels if level.open_quantity), name)
        self._money(name, snapshot)
        self._accounts(name, snapshot)
        for price in snapshot.prices:
            self._add("tg1_bot_price_rupees", price.price, name, price.symbol)
            self._add("tg1_bot_price_age_seconds", price.age_secs, name, price.symbol)
        self._add("tg1_bot_saves", snapshot.saves.count, name)
        for quantile, millis in (("0.5", snapshot.saves.p50_ms), ("0.99", snapshot.saves.p99_ms)):
            self._add("tg1_bot_save_seconds", None if millis is None else millis / 1000, name, quantile)
        feed = snapshot.feed
        if feed is not None:
            self._add("tg1_bot_feed_connections", feed.connections, name)
            self._add("tg1_bot_feed_faults", feed.callback_errors + feed.malformed + feed.ignored_ticks, name)

    def _money(self, name: str, snapshot: Snapshot) -> None:
        money = snapshot.money
        if money is None:
            return
        self._add("tg1_bot_net_rupees", money.net, name)
        self._add("tg1_bot_realised_rupees", money.realised, name)
        self._add("tg1_bot_charges_rupees", money.charges, name)
        self._add("tg1_bot_open_rupees", open_rupees(money), name)

    def _accounts(self, name: str, snapshot: Snapshot) -> None:
        for account in snapshot.accounts:
            self._add("tg1_bot_book_age_seconds", account.good_age_secs, name, account.name)
            self._add("tg1_bot_orders_expected", account.orders_expected, name, account.name)
            self._add("tg1_bot_orders_seen", account.orders_seen, name, account.name)
            self._add("tg1_bot_books_read", account.books_read, name, account.name)
            self._add("tg1_bot_books_refused", account.books_refused, name, account.name)
        for position in snapshot.positions:
            self._add("tg1_bot_position_shares", position.quantity, name, position.account, position.symbol)
