"""What is asked of Zerodha: the token of the day, today's instruments, and a tick of each symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.doctor.finding import Finding, green, red, yellow
from tg1.errors import ConfigError, FeedError, KiteTokenExpired, Tg1Error
from tg1.kite.daily_login import KiteApp, is_unsure, lives_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tg1.config import GridOcoConfig
    from tg1.findoc_client import FindocMultiClient
    from tg1.machine.clock import Clock
    from tg1.models import Instrument, Quote
    from tg1.wiring import Kite
    from tg1.zerodha_feed import ZerodhaFeed

TICK_PATIENCE_SECS = 10.0
LOOK_SECS = 0.2
_LOG_IN = "tg1 login --zerodha-config FILE"


def token(config: GridOcoConfig, kite: Kite, clock: Clock) -> Finding:
    """Whether the access token lives, and until when (kite.md 2.5)."""
    try:
        way_in = kite.credentials()
        app = KiteApp(
            api_key=way_in.api_key,
            api_secret=way_in.api_secret,
            root=config.kite_root,
            insecure_tls=config.insecure_tls,
        )
        user = app.user(way_in.access_token)
    except KiteTokenExpired:
        return red("kite token", "the access token is dead", _LOG_IN)
    except FeedError as exc:
        remedy = "Look whether Zerodha's server is up, then run this again."
        return red("kite token", str(exc).rstrip("."), remedy, unreachable=True)
    except ConfigError as exc:
        return red("kite token", str(exc).rstrip("."), _LOG_IN)
    now = clock.now()
    told = f"it lives, as {user}, until about {lives_until(now):%H:%M} IST on {lives_until(now):%d %b}"
    return (
        yellow("kite token", told, "Look again after 08:00: it may die earlier.")
        if is_unsure(now)
        else green("kite token", told)
    )


def instruments(config: GridOcoConfig, client: FindocMultiClient) -> tuple[list[Instrument], list[Finding]]:
    """Today's instruments of both symbols, with what there is to say of them."""
    found: list[Instrument] = []
    told: list[Finding] = []
    for symbol in config.symbols:
        try:
            found.append(client.instrument(symbol))
        except ConfigError as exc:
            told.append(red(f"symbol {symbol}", str(exc).rstrip("."), "Correct --token-a or --token-b."))
        except FeedError as exc:
            remedy = "Without today's instruments no bot starts; see the Kite token."
            told.append(red("instruments", str(exc).rstrip("."), remedy, unreachable=True))
            break
        else:
            tick = found[-1].tick_size
            told.append(green(f"symbol {symbol}", f"{symbol} is listed today, its tick size is {tick}"))
    return found, told


def ticks(
    feed: ZerodhaFeed, found: list[Instrument], clock: Clock, quotes: dict[str, Quote], *, is_open: bool
) -> Iterator[Finding]:
    """A price of each symbol by the ticker that the bot will use; waits for ten seconds at most. Fills `quotes`."""
    if not found:
        return
    names = {each.instrument_token: each.symbol for each in found}
    try:
        feed.start(names)
        deadline = clock.monotonic() + TICK_PATIENCE_SECS
        while clock.monotonic() < deadline and not clock.stop_requested:
            if all(feed.quote(symbol) for symbol in names.values()):
                break
            clock.wait_until(clock.monotonic() + LOOK_SECS)
        for symbol in names.values():
            if (quote := feed.quote(symbol)) is not None:
                quotes[symbol] = quote
            yield _tick(feed, symbol, is_open=is_open)
    except Tg1Error as exc:
        yield red("ticker", str(exc).rstrip("."), "See the Kite token.", unreachable=True)
    finally:
        feed.stop()


def _tick(feed: ZerodhaFeed, symbol: str, *, is_open: bool) -> Finding:
    check, quote = f"price {symbol}", feed.quote(symbol)
    if quote is not None:
        return green(
            check, f"{symbol} at {quote.price:.2f}" + (", from before the subscription" if quote.cached else "")
        )
    told = feed.fault().rstrip(".") or f"no tick of {symbol} within {TICK_PATIENCE_SECS:.0f} s"
    if is_open or feed.fault():
        return red(check, told, "A bot without prices places nothing: see the Kite token.", unreachable=True)
    return yellow(check, told, "Outside the market's hours that may be; look again after 09:15.")
