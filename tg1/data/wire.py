"""How `tg1 data fetch` comes to Kite: whose credentials, which server, which instruments."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tg1.config import GridOcoConfig
from tg1.data.command import ZERODHA_VARIABLE
from tg1.errors import ConfigError
from tg1.kite.credentials import ZerodhaConfigFile, ZerodhaCredentials
from tg1.kite.history import KiteHistory
from tg1.kite.instruments import InstrumentCache
from tg1.kite.rest import fetch_from_kite
from tg1.machine.hosts import is_loopback
from tg1.paper_process import paper_exchange
from tg1.replay.memory_files import MemoryFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tg1.data.command import FetchCommand
    from tg1.kite.history import Minute
    from tg1.machine.clock import Clock

PAPER = ZerodhaCredentials(user="paper", api_key="paper", api_secret="paper", access_token="paper")  # noqa: S106 - made up
FIRST_LEG, SECOND_LEG = "IRFC", "SBIN"
"""The pair of the paper exchange whose prices move; the others have a past alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kite:
    """One user's Kite."""

    history: KiteHistory
    instruments: InstrumentCache
    warnings: tuple[str, ...] = ()

    def tokens(self, symbols: Sequence[str]) -> dict[str, int]:
        """The instrument tokens. Raises `UnknownSymbol` with the nearest names, and what the download raises."""
        return {symbol: self.instruments.find(symbol).instrument_token for symbol in symbols}

    def ask(self, token: int, first: date, last: date) -> list[Minute]:
        """The minutes of some days."""
        return self.history.minutes(token, first, last)


@contextmanager
def kite_of(command: FetchCommand, clock: Clock) -> Iterator[Kite]:
    """Zerodha's Kite, the one of `--kite-root`, or the paper exchange's, which lives as long as the block.

    Raises `ConfigError` for missing or unreadable credentials.
    """
    if not command.paper:
        with _kite(command, command.kite_root, _credentials(command), clock) as kite:
            yield kite
        return
    settings = GridOcoConfig(
        bot_name="tg1 data",
        token_a_symbol=FIRST_LEG,
        token_b_symbol=SECOND_LEG,
        paper=True,
        paper_seed=command.paper_seed,
    )
    with (
        paper_exchange(settings, also=command.symbols) as exchange,
        _kite(command, exchange.roots.kite_root, PAPER, clock) as kite,
    ):
        yield kite


@contextmanager
def _kite(command: FetchCommand, root: str, user: ZerodhaCredentials, clock: Clock) -> Iterator[Kite]:
    history = KiteHistory(
        api_key=user.api_key, access_token=user.access_token, root=root, insecure_tls=command.insecure_tls
    )
    instruments = InstrumentCache(
        folder=Path("/instruments"),
        fetch=lambda exchange: fetch_from_kite(
            api_key=user.api_key,
            access_token=user.access_token,
            root=root,
            exchange=exchange,
            insecure_tls=command.insecure_tls,
        ),
        fs=MemoryFiles(),
        now=clock.now,
    )
    with history:
        yield Kite(history=history, instruments=instruments, warnings=user.warnings)


def _credentials(command: FetchCommand) -> ZerodhaCredentials:
    if command.zerodha_config is not None:
        return ZerodhaConfigFile(path=command.zerodha_config, user=command.zerodha_user).load()
    if command.kite_root and is_loopback(urlsplit(command.kite_root).hostname or ""):
        # A server on this machine is a paper exchange, which asks for no account.
        return PAPER
    raise ConfigError(
        f"--zerodha-config ({ZERODHA_VARIABLE}) is missing: prices come from your Zerodha account. To try it with "
        "made-up prices and without an account: --paper"
    )
