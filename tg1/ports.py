"""What the engine needs of the outside world. The real parts and the simulated ones fulfil the same protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, SupportsBytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from pathlib import Path

    from tg1.errors import BrokerError
    from tg1.models import (
        BrokerOrder,
        BrokerPosition,
        BrokerTrade,
        Instrument,
        OrderRequest,
        Quote,
        Role,
        TradeSide,
        Wish,
    )


class Broker(Protocol):
    """The trading accounts; `FindocMultiClient` is the real one."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """Names of the distinct accounts, e.g. ("trade", "upside_oco"); roles with one app key share one name."""

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        """The account that carries orders of this role and side (architecture 10)."""

    def connect(self) -> None:
        """Log every account in and load the day's instruments.

        Raises `SessionRefused`, `BrokerUnavailable`, `BrokerUnknown`, `FeedError` or `UnknownSymbol`.
        """

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of `symbol`; `UnknownSymbol` when the dump has none."""

    def place_order(self, account: str, request: OrderRequest) -> str:
        """Send one order, once; return its AppOrderID.

        `BrokerRefused`: nothing was created. `BrokerUnavailable`: nothing left. `BrokerUnknown`: ask the book.
        """

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:
        """Ask for a cancel; returning means "sent", never "cancelled" (behaviour 4.6). Raises `BrokerError`."""

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        """All orders of the account's trading day; raises `BrokerError` when they could not be read whole.

        A book that somebody else began to read after `since` (monotonic seconds) will do; None: after this call.
        """

    def order_history(self, account: str, order_id: str) -> BrokerOrder | None:
        """One order as it stands now; None while the server does not know it. Raises `BrokerError`.

        It takes the place of a book read: both share the limit of one a second (xts.md 5).
        """

    def positions(self, account: str) -> tuple[BrokerPosition, ...]:
        """The account's net positions, those of other bots and of people included; raises `BrokerError`."""

    def trades(self, account: str) -> tuple[BrokerTrade, ...]:
        """The day's executions of the account, oldest first; raises `BrokerError`."""


class Accounts(Broker, Protocol):
    """The trading accounts as an emergency stop needs them: those that can be reached (behaviour 13)."""

    def connect_all(self) -> dict[str, BrokerError]:
        """Log in where it is possible; return the failures by account."""


class PriceFeed(Protocol):
    """Last prices; `ZerodhaFeed` is the real one."""

    def start(self, symbols: Mapping[int, str]) -> None:
        """Begin to receive prices of these instrument tokens, named by symbol; returns at once."""

    def stop(self) -> None:
        """Stop receiving; harmless when not started."""

    def quote(self, symbol: str) -> Quote | None:
        """The last price, or None when none has ever arrived."""

    def fault(self) -> str:
        """Why there are no fresh prices, as a sentence; empty when all is well or nothing is known."""


class Wishes(Protocol):
    """What the operator asks of a running bot."""

    def latest(self) -> Wish | None:
        """His last wish; None without one. Asked in every cycle, so it costs next to nothing, and never raises."""


class FileSystem(Protocol):
    """The file operations of the store, each a point where a machine may die. All raise `OSError`."""

    def read(self, path: Path) -> bytes:
        """The whole file; `FileNotFoundError` when there is none."""

    def exists(self, path: Path) -> bool:
        """True when there is such a file."""

    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        """Create or truncate with mode 0600, write all, fsync, close.

        `data` is asked for its bytes before the file is touched; it never changes, so a disk in memory may ask later.
        """

    def append_synced(self, path: Path, data: bytes) -> None:
        """Append (creating with mode 0600), fsync, close."""

    def replace(self, source: Path, target: Path) -> None:
        """Atomic rename over `target`."""

    def link(self, source: Path, target: Path) -> None:
        """A second name for the same content, replacing nothing; `FileExistsError` when `target` is there."""

    def unlink(self, path: Path) -> None:
        """Remove a name; harmless when there is none."""

    def sync_dir(self, path: Path) -> None:
        """Bring renames and links in a folder to disk."""

    def make_dir(self, path: Path) -> None:
        """Create the folder and its parents with mode 0700; harmless when it is there."""

    def names(self, path: Path) -> list[str]:
        """Names in a folder, sorted; empty when there is no folder."""


class SharedFile(Protocol):
    """A small file that the processes of one machine write for each other. All methods raise `OSError`.

    The lock is given back however its holder ends. What stands in the file is not synced and outlives no reboot.
    """

    def try_lock(self) -> bool:
        """Take the lock if nobody has it; every handle is somebody of its own."""

    def unlock(self) -> None:
        """Give the lock back; harmless without it."""

    def read(self, size: int, offset: int = 0) -> bytes:
        """Up to so many bytes from there on; fewer at the end of the file."""

    def write(self, data: bytes, offset: int = 0) -> None:
        """Overwrite what stands there; the rest of the file stays."""


class SharedFolder(Protocol):
    """The shared files of a folder; `OsSharedFolder` is the real one."""

    @property
    def boot_id(self) -> str:
        """What tells this boot of the machine from every other: monotonic instants compare within it only."""

    def file(self, name: str) -> SharedFile:
        """A new handle on the file of that name, made when it is first used."""


def price_of(quote: Quote | None) -> Decimal | None:
    """The price of a fresh quote; None when it is missing or stale (behaviour 10.2)."""
    return quote.price if quote is not None and quote.fresh else None
