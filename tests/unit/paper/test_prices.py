"""Price sources: seeded pairs, replays of real files, and their playback (behaviour 17, docs/data.md)."""

import statistics
from decimal import Decimal
from itertools import islice, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tg1.paper.prices import Leg, ManualPrices, Playback, PriceEvent, SeededPair

A = Leg(symbol="IRFC", centre=Decimal("50.00"), tick=Decimal("0.01"))
B = Leg(symbol="SBIN", centre=Decimal("120.50"), tick=Decimal("0.05"))


@settings(max_examples=25)
@given(seed=st.integers(min_value=0, max_value=10_000))
def test_seeded_prices_are_on_tick_in_order_and_the_same_for_the_same_seed(seed: int) -> None:
    """A seed decides every price; time never runs back."""
    events = list(islice(SeededPair(A, B, seed=seed).events(), 600))
    assert events == list(islice(SeededPair(A, B, seed=seed).events(), 600))
    assert all(earlier.at_secs < later.at_secs for earlier, later in pairwise(events))
    ticks = {"IRFC": A.tick, "SBIN": B.tick}
    assert all(event.price % ticks[event.symbol] == 0 and event.price > 0 for event in events)


def test_seeded_pair_starts_at_its_centres_and_comes_back_to_them() -> None:
    """Mean reversion: over a long time the average is near the centre, and the centre is crossed often."""
    pair = SeededPair(A, B)
    assert pair.first == {"IRFC": Decimal("50.00"), "SBIN": Decimal("120.50")}
    prices = [event.price for event in islice(pair.events(), 80_000) if event.symbol == "IRFC"]
    assert abs(statistics.mean(prices) - 50) < 1
    crossings = sum((earlier - 50) * (later - 50) < 0 for earlier, later in pairwise(prices[::60]))
    assert crossings > 20


def _minute_at_speed_60(seed: int) -> list[PriceEvent]:
    return Playback(SeededPair(A, B, seed=seed)).until(3_600)


def test_default_pair_at_speed_60_hits_entries_targets_and_a_hedge_in_the_first_minute() -> None:
    """The README's grid (50.00 +-1.00, target 0.50, hedge 2.00 away) sees all three within 60 real seconds."""
    last_b = stop = Decimal("120.50")
    side = ""
    seen = set()
    for event in _minute_at_speed_60(seed=1):
        if event.symbol == "SBIN":
            last_b = event.price
            if (side == "BUY" and last_b <= stop) or (side == "SELL" and last_b >= stop):
                seen.add("hedge")
        elif not side and event.price <= 49:
            seen.add("entry")
            side, stop = "BUY", last_b - 2
        elif not side and event.price >= 51:
            seen.add("entry")
            side, stop = "SELL", last_b + 2
        elif (side == "BUY" and event.price >= Decimal("49.50")) or (
            side == "SELL" and event.price <= Decimal("50.50")
        ):
            seen.add("target")
            side = ""
    assert seen == {"entry", "target", "hedge"}


def test_playback_hands_out_each_event_once() -> None:
    """Two calls give what one would."""
    whole = Playback(SeededPair(A, B)).until(20)
    playback = Playback(SeededPair(A, B))
    assert playback.until(7.2) + playback.until(7.2) + playback.until(20) == whole
    assert not playback.is_over


def test_manual_prices_never_move_by_themselves() -> None:
    """Only the control API moves them."""
    source = ManualPrices({"IRFC": Decimal(50)})
    playback = Playback(source)
    assert (source.first, playback.until(1e9)) == ({"IRFC": Decimal(50)}, [])
    assert (playback.market_time, playback.played, playback.is_over) == (None, 0.0, False)
