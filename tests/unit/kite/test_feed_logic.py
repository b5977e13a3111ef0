"""What the feed's policy decides, under a clock moved by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.errors import ConfigError
from tg1.kite.feed_logic import FeedLogic
from tg1.kite.feed_values import FeedAction, FeedLimits, FeedPhase

SBIN, IRFC = 779521, 519425
REFUSED = "connection was closed uncleanly (WebSocket connection upgrade failed (403 - Forbidden))"
LIMITS = FeedLimits()


def tick(token: int = SBIN, price: object = 120.5) -> dict[str, object]:
    """One of KiteTicker's LTP ticks (kite.md 1.6)."""
    return {"tradable": True, "mode": "ltp", "instrument_token": token, "last_price": price}


def connected(now: float = 0.0, **limits: float) -> FeedLogic:
    """A feed of two symbols whose handshake has just succeeded."""
    logic = FeedLogic({SBIN: "SBIN", IRFC: "IRFC"}, FeedLimits(**limits))
    logic.on_start(now)
    logic.on_open(now)
    return logic


def priced(now: float = 0.0) -> FeedLogic:
    """A connected feed with a price for both symbols."""
    logic = connected(now)
    logic.on_ticks(now, [tick(), tick(IRFC, 50.25)])
    return logic


def is_fresh(logic: FeedLogic, now: float, symbol: str = "SBIN") -> bool:
    """Whether there is a fresh quote."""
    quote = logic.quote(symbol, now)
    return quote is not None and quote.fresh


def test_price_is_exact_and_aged_from_its_arrival() -> None:
    """An LTP packet has no time of its own, so its age counts from its arrival (kite.md 0.3)."""
    quote = priced(now=5.0).quote("SBIN", 7.5)
    assert quote is not None
    assert (quote.price, quote.age_secs, quote.fresh) == (Decimal("120.5"), 2.5, True)


def test_quote_tells_how_the_price_changed_lately() -> None:
    """Behaviour 7.4: a bot that was kept waiting learns since when a price was passed; a repetition is no change."""
    logic = priced(now=5.0)
    for now, price in ((6.0, 120.5), (7.0, 119.0), (8.5, 119.0), (9.0, 118.5)):
        logic.on_ticks(now, [tick(price=price)])
    quote = logic.quote("SBIN", 10.0)
    assert quote is not None
    assert quote.steps == ((5.0, Decimal("120.5")), (3.0, Decimal(119)), (1.0, Decimal("118.5")))


def test_changes_on_an_earlier_connection_are_forgotten() -> None:
    """Behaviour 10.1: nobody knows what the price did between two connections."""
    logic = priced()
    logic.on_close(1.0, 1006, "")
    logic.on_open(2.0)
    before = logic.quote("SBIN", 2.5)
    logic.on_ticks(3.0, [tick()])
    after = logic.quote("SBIN", 3.5)
    assert before is not None
    assert after is not None
    assert (before.steps, after.steps) == ((), ((0.5, Decimal("120.5")),))


def test_only_the_last_changes_are_kept() -> None:
    """A busy market costs no memory: the last 32 are several seconds of it."""
    logic = priced()
    for number in range(100):
        logic.on_ticks(number / 10, [tick(price=100 + number)])
    quote = logic.quote("SBIN", 10.0)
    assert quote is not None
    assert [price for _, price in quote.steps] == list(range(168, 200))


def test_symbol_has_no_quote_before_its_first_tick() -> None:
    """A price that never came is None, not zero."""
    assert connected().quote("SBIN", 0.0) is None


def test_quiet_instrument_on_a_healthy_line_stays_fresh_since_its_cached_tick_answers() -> None:
    """Behaviour 10.1: six quiet hours, in which the server answers each question with the same price."""
    logic, asked = priced(), []
    for second in range(1, 21601):
        logic.on_message(float(second))
        action = logic.next_action(float(second))
        if action is FeedAction.RESUBSCRIBE:
            asked.append(second)
            logic.on_ticks(second + 0.2, [tick(SBIN), tick(IRFC, 50.25)])
        assert is_fresh(logic, second + 0.2)
        assert action in (FeedAction.NONE, FeedAction.RESUBSCRIBE)
    assert asked[:3] == [61, 122, 183]


def test_six_hours_of_heartbeats_without_a_tick_are_no_fresh_price() -> None:
    """Behaviour 10.1: heartbeats prove the line; two questions 15 s apart go unanswered, and the line is made anew."""
    logic, done = priced(), []
    for second in range(1, 21601):
        now = float(second)
        logic.on_message(now)
        action = logic.next_action(now)
        if action is not FeedAction.NONE:
            done.append((second, action))
        if action in (FeedAction.DROP_CONNECTION, FeedAction.REBUILD_TICKER):
            logic.on_close(now, 1006, "gone")
            logic.on_open(now + 0.5)
        assert is_fresh(logic, now) == (second < 91)
    assert done[:3] == [
        (61, FeedAction.RESUBSCRIBE),
        (76, FeedAction.RENEW_SUBSCRIPTION),
        (91, FeedAction.DROP_CONNECTION),
    ]
    assert "no price has come yet for SBIN, IRFC" in logic.fault(21601.0)


def test_price_is_back_with_the_first_tick_after_the_connection_was_made_anew() -> None:
    """Behaviour 10.1: until a tick comes the price is stale."""
    logic = priced()
    for second in range(1, 92):
        logic.on_message(float(second))
        logic.next_action(float(second))
    assert not is_fresh(logic, 91.0)
    assert logic.fault(91.0) == "the price feed is connected, but Kite doesn't answer for SBIN and IRFC"
    logic.on_ticks(91.1, [tick()])
    assert not is_fresh(logic, 91.1), "the connection that is being dropped is not believed any more"
    logic.on_close(91.2, 1006, "gone")
    logic.on_open(92.4)
    logic.on_ticks(92.5, [tick(price=121.0)])
    assert is_fresh(logic, 92.5)
    assert not is_fresh(logic, 92.5, "IRFC")


def test_only_the_quiet_symbol_is_asked_for_and_the_busy_one_stays_fresh() -> None:
    """Behaviour 10.1: a question must not disturb the other symbol's stream."""
    logic, done = priced(), []
    for second in range(1, 91):
        logic.on_ticks(float(second), [tick(IRFC, 50.0 + second / 100)])
        action = logic.next_action(float(second))
        if action is not FeedAction.NONE:
            done.append((second, action, logic.asked))
        assert is_fresh(logic, float(second), "IRFC")
    assert done == [(61, FeedAction.RESUBSCRIBE, (SBIN,)), (76, FeedAction.RENEW_SUBSCRIPTION, (SBIN,))]


def test_answer_to_the_second_question_ends_the_doubt() -> None:
    """Behaviour 10.1: nobody knows whether Kite answers a second "subscribe" of one token; a renewed one it must."""
    logic, done = priced(), []
    for second in range(1, 140):
        logic.on_ticks(float(second), [tick(IRFC, 50.0)])
        action = logic.next_action(float(second))
        if action is not FeedAction.NONE:
            done.append((second, action))
        if action is FeedAction.RENEW_SUBSCRIPTION:
            logic.on_ticks(float(second), [tick()])
        assert is_fresh(logic, float(second))
    assert done == [
        (61, FeedAction.RESUBSCRIBE),
        (76, FeedAction.RENEW_SUBSCRIPTION),
        (137, FeedAction.RESUBSCRIBE),
    ]


def test_symbol_that_never_answers_is_dropped_for_less_and_less_often() -> None:
    """Behaviour 10.1: the other symbol pays for each reconnect with a second of stale prices."""
    logic, dropped, now = connected(), [], 0.0
    while now < 3600.0:
        now += 1.0
        logic.on_ticks(now, [tick(IRFC, 50.0)])
        if logic.next_action(now) is FeedAction.DROP_CONNECTION:
            dropped.append(now)
            logic.on_close(now, 1006, "gone")
            logic.on_open(now)
    assert dropped[:5] == [30.0, 90.0, 210.0, 450.0, 930.0]
    logic.on_ticks(now, [tick(), tick(IRFC, 50.0)])
    logic.on_close(now, 1006, "gone")
    logic.on_open(now)
    logic.on_message(now + 8.0)
    logic.on_message(now + 15.0)
    assert logic.next_action(now + 15.0) is FeedAction.RENEW_SUBSCRIPTION


@pytest.mark.parametrize("first", ["heartbeat", "tick", "nothing"])
def test_nothing_is_fresh_after_a_suspend_until_the_connection_was_made_anew(first: str) -> None:
    """Behaviour 10.1: what the socket had buffered before the machine slept is as old as the sleep."""
    logic = priced()
    woken = 7200.0
    if first == "heartbeat":
        logic.on_message(woken)
    elif first == "tick":
        logic.on_ticks(woken, [tick(), tick(IRFC, 50.0)])
    assert not is_fresh(logic, woken)
    assert logic.next_action(woken) is FeedAction.DROP_CONNECTION
    logic.on_ticks(woken + 0.1, [tick(), tick(IRFC, 50.0)])
    assert not is_fresh(logic, woken + 0.1)
    logic.on_close(woken + 0.2, 1006, "gone")
    logic.on_open(woken + 1.4)
    assert not is_fresh(logic, woken + 1.4)
    logic.on_ticks(woken + 1.5, [tick(), tick(IRFC, 50.0)])
    assert is_fresh(logic, woken + 1.5)


def is_cached(logic: FeedLogic, now: float) -> bool:
    """Whether SBIN's price may be older than this session."""
    quote = logic.quote("SBIN", now)
    assert quote is not None
    return quote.cached


def test_first_tick_after_a_subscription_is_a_cached_one() -> None:
    """Behaviour 1.4: at 09:15 it may be yesterday's close."""
    logic = priced()
    assert is_cached(logic, 0.1)
    logic.on_ticks(1.0, [tick(price=120.55)])
    assert not is_cached(logic, 1.0)


def test_answer_that_comes_twice_is_still_only_the_answer() -> None:
    """Behaviour 1.4: "subscribe" and "mode" may each be answered (kite.md 1.5)."""
    logic = priced()
    logic.on_ticks(0.3, [tick()])
    assert is_cached(logic, 0.3)
    logic.on_ticks(5.1, [tick()])
    assert not is_cached(logic, 5.1)


def test_answer_to_a_later_question_is_no_tick_of_the_market() -> None:
    """Behaviour 1.4: a symbol that was asked for again has not ticked again."""
    logic = priced()
    logic.on_malformed(8.0)
    assert logic.next_action(8.0) is FeedAction.RESUBSCRIBE
    logic.on_ticks(8.2, [tick()])
    assert is_cached(logic, 8.2)


def test_reconnect_makes_the_first_tick_a_cached_one_again() -> None:
    """Behaviour 1.4: the first tick after a subscription, whichever it is."""
    logic = priced()
    logic.on_ticks(1.0, [tick(price=121.0)])
    logic.on_close(2.0, 1006, "gone")
    logic.on_open(3.0)
    logic.on_ticks(3.1, [tick(price=121.0)])
    assert is_cached(logic, 3.1)


@pytest.mark.parametrize("mode", ["quote", "full"])
def test_tick_of_another_mode_is_a_price_as_well(mode: str) -> None:
    """A plain subscribe streams quote; what more such a tick holds changes nothing (kite.md 1.6)."""
    logic = connected()
    logic.on_ticks(0.1, [tick(price=120.55) | {"mode": mode, "volume_traded": 7, "ohlc": {"close": 99.0}}])
    quote = logic.quote("SBIN", 0.1)
    assert quote is not None
    assert quote.price == Decimal("120.55")


def test_price_goes_stale_when_the_connection_shows_no_life() -> None:
    """Behaviour 10.1: 10 s without any message."""
    logic = priced()
    assert is_fresh(logic, 10.0)
    assert not is_fresh(logic, 10.1)
    assert "nothing has come for 10 s" in logic.fault(10.1)


def test_price_goes_stale_the_moment_the_connection_is_lost() -> None:
    """A closed connection shows no life."""
    logic = priced()
    logic.on_close(1.0, 1006, "gone")
    assert not is_fresh(logic, 1.0)


def test_price_of_an_earlier_connection_is_not_fresh_after_a_reconnect() -> None:
    """The tick has to arrive since the last (re)connect (behaviour 10.1)."""
    logic = priced()
    logic.on_close(1.0, 1001, "going away")
    logic.on_open(2.0)
    logic.on_ticks(2.1, [tick(IRFC, 50.0)])
    assert not is_fresh(logic, 2.2)
    assert is_fresh(logic, 2.2, "IRFC")
    assert logic.fault(2.2) == "no price has come yet for SBIN"


@pytest.mark.parametrize(
    "bad",
    [
        tick(price=float("nan")),
        tick(price=float("inf")),
        tick(price=0.0),
        tick(price=-1.0),
        tick(price=None),
        tick(price="120"),
        tick(price=True),
        tick(token=1),
        {},
    ],
    ids=["nan", "infinite", "zero", "negative", "none", "text", "bool", "unknown-token", "empty"],
)
def test_impossible_tick_is_ignored_with_one_warning(bad: dict[str, object]) -> None:
    """A bad tick never replaces a good price, and never spoils the tick behind it."""
    logic = priced()
    logic.take_notes()
    logic.on_ticks(1.0, [bad, bad, tick(IRFC, 51.0)])
    known = logic.quotes(1.0)
    assert (known["SBIN"].price, known["IRFC"].price) == (Decimal("120.5"), Decimal(51))
    assert logic.health(1.0).ignored_ticks == 2
    assert len(logic.take_notes()) == 1


def test_stall_is_dropped_once_and_then_rebuilt() -> None:
    """KiteTicker never notices a silent stall (kite.md 0.2), and a drop may come to nothing."""
    logic = priced()
    assert logic.next_action(10.0) is FeedAction.NONE
    assert logic.next_action(10.5) is FeedAction.DROP_CONNECTION
    assert logic.next_action(11.0) is FeedAction.NONE
    assert logic.next_action(15.5) is FeedAction.REBUILD_TICKER
    assert logic.phase is FeedPhase.CONNECTING


def test_connection_that_was_silent_for_too_long_is_made_anew_even_when_life_returns() -> None:
    """Behaviour 10.1: a message after the gap may have been written before it."""
    logic = priced()
    assert logic.next_action(10.5) is FeedAction.DROP_CONNECTION
    logic.on_message(11.0)
    assert not is_fresh(logic, 11.0)
    assert logic.next_action(15.4) is FeedAction.NONE
    assert logic.next_action(15.5) is FeedAction.REBUILD_TICKER


def test_ticker_that_gives_no_sign_is_rebuilt() -> None:
    """A ticker can stop reconnecting silently, for good (kite.md 0.4)."""
    logic = priced()
    logic.on_close(1.0, 1006, "gone")
    assert logic.next_action(31.0) is FeedAction.NONE
    assert logic.next_action(31.1) is FeedAction.REBUILD_TICKER


def test_ticker_that_keeps_trying_is_left_alone() -> None:
    """Each failed attempt is a sign of life of the ticker, though not of the connection."""
    logic = priced()
    logic.on_close(0.0, 1006, "gone")
    for second in range(5, 600, 5):
        logic.on_reconnect(float(second))
        assert logic.next_action(second + 4.0) is FeedAction.NONE


def test_exhausted_ticker_is_rebuilt() -> None:
    """After on_noreconnect the library does nothing more (kite.md 1.8)."""
    logic = priced()
    logic.on_close(0.0, 1006, "gone")
    logic.on_noreconnect(1.0)
    assert logic.next_action(2.0) is FeedAction.NONE
    assert logic.next_action(6.0) is FeedAction.REBUILD_TICKER


@pytest.mark.parametrize("status", ["400 - Bad Request", "401 - Unauthorized", "403 - Forbidden"])
def test_refused_token_is_told_with_the_way_to_renew_it(status: str) -> None:
    """Behaviour 10.3: an expired Kite token is said in those words."""
    logic = priced()
    logic.on_error(1.0, 1006, f"x (WebSocket connection upgrade failed ({status}))")
    logic.on_close(1.0, 1006, "peer dropped")
    assert logic.phase is FeedPhase.REFUSED
    assert not logic.retries_by_itself
    fault = logic.fault(1.0)
    assert "access token has expired" in fault
    assert all(step in fault for step in ("tg1 login", "a person with a browser", "--zerodha-config"))


def test_refused_token_is_tried_slowly_and_a_renewed_one_at_once() -> None:
    """A dead token is not hammered; a new one doesn't wait (failures.md 54)."""
    logic = priced()
    logic.on_close(0.0, 1006, REFUSED)
    assert logic.next_action(29.0) is FeedAction.NONE
    assert logic.next_action(30.0) is FeedAction.REBUILD_TICKER
    logic.on_close(30.1, 1006, REFUSED)
    logic.on_token_renewed(31.0)
    assert logic.next_action(31.0) is FeedAction.REBUILD_TICKER
    assert logic.next_action(31.1) is FeedAction.NONE


def test_renewed_token_does_not_cut_a_connection_that_works() -> None:
    """An open socket outlives its token (kite.md 2.5)."""
    logic = priced()
    logic.on_token_renewed(1.0)
    assert logic.next_action(1.0) is FeedAction.NONE
    assert is_fresh(logic, 1.0)


def test_server_error_text_leaves_the_connection_up() -> None:
    """Code 0 is a message, not an end (kite.md 1.4)."""
    logic = priced()
    logic.on_error(1.0, 0, "over 3000 tokens")
    assert logic.phase is FeedPhase.CONNECTED


def test_too_many_connections_is_said_as_such() -> None:
    """A fourth connection gets 429 (kite.md 2.6)."""
    logic = priced()
    logic.on_close(1.0, 1006, "WebSocket connection upgrade failed (429 - TooManyRequests)")
    assert "3 connections per api key" in logic.fault(1.0)
    assert logic.retries_by_itself


def test_malformed_messages_are_no_life_and_ask_for_the_cached_prices() -> None:
    """A tick may have been lost with the message; nothing but garbage is a dead feed."""
    logic = priced()
    logic.on_malformed(6.0)
    assert logic.next_action(6.0) is FeedAction.RESUBSCRIBE
    assert logic.next_action(6.1) is FeedAction.NONE
    logic.on_malformed(9.0)
    assert not is_fresh(logic, 10.5)


def test_subscription_that_is_not_answered_is_renewed_after_fifteen_seconds() -> None:
    """Behaviour 10.1: subscribing is asking, too (kite.md 0.3), and no symbol is without a cached price."""
    logic = connected()
    asked = []
    for second in range(1, 30):
        logic.on_ticks(float(second), [tick(IRFC, 50.0)])
        if (action := logic.next_action(float(second))) is not FeedAction.NONE:
            asked.append((second, action))
    assert asked == [(15, FeedAction.RENEW_SUBSCRIPTION)]


def test_callback_error_is_counted_and_noted_once() -> None:
    """A bug of ours must not flood the log at every tick."""
    logic = priced()
    logic.take_notes()
    for _ in range(3):
        logic.on_callback_error("on_ticks", "KeyError")
    assert logic.health(0.0).callback_errors == 3
    assert logic.next_action(6.0) is FeedAction.RESUBSCRIBE
    assert len(logic.take_notes()) == 1


def test_stopped_feed_wants_nothing_and_hears_nothing() -> None:
    """After stop() a late callback changes nothing."""
    logic = priced()
    logic.on_stop()
    logic.on_close(1.0, 1006, "gone")
    logic.on_noreconnect(1.0)
    logic.on_token_renewed(1.0)
    assert logic.phase is FeedPhase.STOPPED
    assert logic.next_action(1000.0) is FeedAction.NONE
    assert not is_fresh(logic, 1.0)


def test_limit_that_is_not_above_zero_is_refused() -> None:
    """A patience of nothing would drop a healthy connection."""
    with pytest.raises(ConfigError, match="life_secs"):
        FeedLimits(life_secs=0)


def test_fault_repeats_in_the_log_only_after_a_connection() -> None:
    """One warning when it starts, one line when it ends (behaviour 10.2)."""
    logic = priced()
    logic.take_notes()
    for second in range(5):
        logic.on_close(float(second), 1006, "connection was closed uncleanly (gone)")
    assert [note.text for note in logic.take_notes()] == ["the price feed is not connected: gone"]
    logic.on_open(6.0)
    assert [(note.text, note.is_warning) for note in logic.take_notes()] == [
        ("the price feed is connected again", False)
    ]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["open", "message", "tick", "malformed", "close", "refused", "reconnect", "noreconnect", "ask"]
        ),
        st.floats(min_value=0.0, max_value=40.0),
    ),
    max_size=60,
)


@given(EVENTS)
def test_fresh_means_life_within_the_limit_and_a_tick_of_this_connection(events: list[tuple[str, float]]) -> None:
    """Behaviour 10.1, for every history: a line that was once silent for too long is not believed again."""
    logic = FeedLogic({SBIN: "SBIN"})
    logic.on_start(0.0)
    now, up, life_at, ticked, trusted = 0.0, False, 0.0, False, True
    for name, pause in events:
        now += pause
        if name in ("message", "tick", "malformed") and not up:
            continue
        trusted = trusted and (name not in ("message", "tick") or now - life_at <= 10.0)
        match name:
            case "open":
                logic.on_open(now)
                up, life_at, ticked, trusted = True, now, False, True
            case "message":
                logic.on_message(now)
                life_at = now
            case "tick":
                logic.on_ticks(now, [tick()])
                life_at, ticked = now, True
            case "malformed":
                logic.on_malformed(now)
            case "close" | "refused":
                logic.on_close(now, 1006, REFUSED if name == "refused" else "gone")
                up = False
            case "reconnect" | "noreconnect":
                logic.on_reconnect(now) if name == "reconnect" else logic.on_noreconnect(now)
                up = False
            case "ask":
                action = logic.next_action(now)
                up = up and action is not FeedAction.REBUILD_TICKER
                trusted = trusted and action is not FeedAction.DROP_CONNECTION
        assert is_fresh(logic, now) == (up and trusted and ticked and now - life_at <= 10.0)


@given(EVENTS)
def test_feed_that_is_down_always_comes_to_a_new_attempt(events: list[tuple[str, float]]) -> None:
    """No history leaves the feed waiting for ever (kite.md 0.4)."""
    logic = FeedLogic({SBIN: "SBIN"})
    logic.on_start(0.0)
    now = 0.0
    for name, pause in events:
        now += pause
        match name:
            case "open":
                logic.on_open(now)
            case "close" | "refused":
                logic.on_close(now, 1006, REFUSED if name == "refused" else "gone")
            case "noreconnect":
                logic.on_noreconnect(now)
            case _:
                logic.next_action(now)
    actions = {logic.next_action(now + second) for second in range(1, 80)}
    assert actions & {FeedAction.REBUILD_TICKER, FeedAction.DROP_CONNECTION}
