"""The parts at the edge, built from the settings: accounts, instruments, prices. The composition root's workshop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.findoc_client import FindocMultiClient
from tg1.kite.credentials import ZerodhaConfigFile, ZerodhaCredentials
from tg1.kite.instruments import InstrumentCache
from tg1.kite.rest import fetch_from_kite
from tg1.machine.files import OsFileSystem
from tg1.machine.shared_files import OsSharedFolder
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore
from tg1.xts.transport import RequestsTransport
from tg1.zerodha_feed import ZerodhaFeed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.machine.redact import Redactor
    from tg1.paper_process import PaperRoots
    from tg1.xts.http import Transport

PAPER_ACCOUNTS = ("paper-trade", "paper-upside", "paper-downside")
_PAPER_SECRET = "any-secret-of-paper"  # noqa: S105 - it opens every paper account
"""No word that a sentence may hold: whatever is a secret is masked wherever it stands (behaviour 16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kite:
    """Zerodha's way in: the api key, and where the token of the moment comes from."""

    credentials: Callable[[], ZerodhaCredentials]

    def token(self) -> str:
        """The token of the moment."""
        return self.credentials().access_token


def kite_of(config: GridOcoConfig) -> Kite:
    """Zerodha's way in as configured; raises `ConfigError` without one."""
    if config.paper:
        paper = ZerodhaCredentials(
            user="paper", api_key=_PAPER_SECRET, api_secret=_PAPER_SECRET, access_token=_PAPER_SECRET
        )
        return Kite(credentials=lambda: paper)
    if config.zerodha_config is None:
        raise ConfigError("--zerodha-config (TG1_ZERODHA_CONFIG) is missing: prices come from Zerodha's ticker.")
    return Kite(credentials=ZerodhaConfigFile(path=config.zerodha_config, user=config.zerodha_user).load)


def feed_of(config: GridOcoConfig, clock: Clock, redactor: Redactor, kite: Kite) -> ZerodhaFeed:
    """The price feed, not started."""
    return ZerodhaFeed(
        api_key=kite.credentials().api_key,
        access_token_source=kite.token,
        monotonic=clock.monotonic,
        ws_root=config.kite_ws_root,
        insecure_tls=config.insecure_tls,
        redactor=redactor,
    )


def client_of(
    config: GridOcoConfig,
    clock: Clock,
    redactor: Redactor,
    kite: Kite,
    *,
    store: SessionStore | None = None,
    wrapped: Callable[[str, Transport], Transport] = lambda _account, transport: transport,
) -> FindocMultiClient:
    """The trading accounts, not logged in; `store` and `wrapped` are for whoever looks on."""
    fs = OsFileSystem()

    def fetch(exchange: str) -> list[dict[str, Any]]:
        credentials = kite.credentials()
        return fetch_from_kite(
            api_key=credentials.api_key,
            access_token=credentials.access_token,
            root=config.kite_root,
            exchange=exchange,
            insecure_tls=config.insecure_tls,
        )

    def account(key: str, secret: str, client: str) -> XtsCredentials | None:
        return XtsCredentials(key=key, secret=secret, client=client) if key and hedged else None

    hedged = config.has_oco
    sessions = config.state_dir / "sessions"
    return FindocMultiClient(
        trade=XtsCredentials(key=config.trade_key, secret=config.trade_secret, client=config.trade_client),
        upside_oco=account(config.upside_oco_key, config.upside_oco_secret, config.upside_oco_client),
        downside_oco=account(config.downside_oco_key, config.downside_oco_secret, config.downside_oco_client),
        root=config.xts_root,
        product_type=config.product_type,
        instruments=InstrumentCache(
            folder=config.state_dir, fetch=fetch, fs=fs, now=clock.now, exchange=config.exchange
        ),
        transport_factory=lambda account: wrapped(
            account, RequestsTransport(config.xts_root, clock=clock, verify=not config.insecure_tls)
        ),
        store=store or SessionStore(fs=fs, folder=sessions, shared=OsSharedFolder(sessions)),
        clock=clock,
        on_secret=redactor.add,
    )


def on_paper(config: GridOcoConfig, roots: PaperRoots, folder: Path) -> GridOcoConfig:
    """The settings with the exchange for the wires and its accounts; any secret opens one of those."""
    trade, upside, downside = PAPER_ACCOUNTS
    return replace(
        config,
        xts_root=roots.xts_root,
        kite_root=roots.kite_root,
        kite_ws_root=roots.kite_ws_root,
        state_dir=folder,
        fresh=False,
        ignore_market_hours=config.stop_at is None,
        trade_key=trade,
        trade_secret=_PAPER_SECRET,
        upside_oco_key=upside,
        upside_oco_secret=_PAPER_SECRET,
        downside_oco_key=downside,
        downside_oco_secret=_PAPER_SECRET,
        trade_client="",
        upside_oco_client="",
        downside_oco_client="",
    )
