"""The state as bytes: nothing is lost on the way, nothing else passes for a state (behaviour 9, architecture 17)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.states import BOT, NOW, a_level, a_record, a_state, an_order, bot_states, with_order
from tg1.errors import InvariantBroken, StateError
from tg1.models import Backoff, BotState, Charges, GridIdentity, OrderSide, Role, Status, StatusKind, Traded
from tg1.store.codec import HISTORY_KEPT, StateEncoder, decode, encode, saved_at
from tg1.store.schema import ATTENTION, BACKOFF, CHARGES, EXECUTED, LAST_PRICE, LEG, LEVEL, RECORD, SETTLED, TRADED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.store.json_kinds import Record

SECTION_17 = [
    "bot_name",
    "bot_status",
    "trade_type",
    "token_a_symbol",
    "token_b_symbol",
    "entry_price",
    "max_quantity",
    "upside_net_quantity",
    "downside_net_quantity",
    "upside_oco_net_count",
    "downside_oco_net_count",
    "total_pnl",
    "last_updated",
    "open_orders",
    "order_history",
]
SECTION_17_ORDER = [
    "uuid",
    "bot_name",
    "entry_order_id",
    "oco_order_id",
    "entry_trade_direction",
    "entry_trade_price",
    "oco_trade_price",
    "trade_side",
    "oco_filled",
    "order_side",
    "token_a_quantity",
    "token_b_quantity",
    "oco_trade_direction",
    "token_b_price",
]
GOOD = encode(a_state(), NOW)


def tampered(change: Callable[[dict[str, Any]], object], data: bytes = GOOD) -> bytes:
    """The file after a change to its JSON, with a checksum that fits again: what only a strict reader notices."""
    document = json.loads(data)
    change(document)
    document.pop("checksum", None)
    body = json.dumps(document)[:-1].encode()
    return body + b',\n"checksum": "' + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'


def refusal(data: bytes) -> str:
    """The sentence of the refusal."""
    with pytest.raises(StateError) as caught:
        decode(data)
    return str(caught.value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(bot_states())
def test_every_state_comes_back_as_it_was(state: BotState) -> None:
    """decode(encode(s)) == s, to the last digit of every price."""
    assert decode(encode(state, NOW)) == state


@pytest.mark.parametrize(
    ("kind", "reason", "text"),
    [
        (StatusKind.ACTIVE, "", "Active"),
        (StatusKind.STOPPED, "session end", "Stopped: session end"),
        (StatusKind.TERMINATING, "OCO imbalance: 5", "Terminating: OCO imbalance: 5"),
        (StatusKind.TERMINATED, "OCO imbalance", "Terminated: OCO imbalance"),
        (StatusKind.COMPLETED, "", "Completed"),
    ],
)
def test_status_is_one_text_in_the_file(kind: StatusKind, reason: str, text: str) -> None:
    """Architecture 13 and 17, behaviour 1.5, 7.3, 12: what the bot does, and why, in the words of the file."""
    status = Status(kind=kind, reason=reason)
    data = encode(a_state(bot_status=status), NOW)
    assert json.loads(data)["bot_status"] == text
    assert decode(data).bot_status == status


@pytest.mark.parametrize("text", ["", "active", "Paused", "Active:", "Stopped: ", "Terminated:why", ": Active"])
def test_status_in_other_words_is_refused(text: str) -> None:
    """Behaviour 9.2: a status that this TG1 does not know is never taken for "Active"."""
    data = tampered(lambda document: document.update(bot_status=text))
    assert "bot_status" in refusal(data)


def test_file_has_the_keys_of_section_17_with_their_meanings() -> None:
    """Architecture 17, behaviour 9.1: those keys, prices as numbers in rupees."""
    document = json.loads(GOOD)
    level = document["open_orders"][0]
    assert [key for key in SECTION_17 if key not in document] == []
    assert [key for key in SECTION_17_ORDER if key not in level] == []
    assert (document["bot_name"], document["entry_price"], document["max_quantity"]) == (BOT, 50.00, 500)
    assert document["last_updated"] == "2026-02-16T10:30:00+05:30"
    assert {key: level[key] for key in SECTION_17_ORDER} == {
        "uuid": "level0001",
        "bot_name": BOT,
        "entry_order_id": "12345",
        "oco_order_id": None,
        "entry_trade_direction": "BUY",
        "entry_trade_price": 49.00,
        "oco_trade_price": None,
        "trade_side": "downside",
        "oco_filled": False,
        "order_side": "entry",
        "token_a_quantity": 100,
        "token_b_quantity": 50,
        "oco_trade_direction": "SELL",
        "token_b_price": None,
    }


def test_direction_and_price_in_the_file_flip_when_the_entry_has_filled() -> None:
    """Architecture 8: the same keys then speak of the target."""
    level = a_level(order_side=OrderSide.TARGET, entry_traded=Traded(quantity=100, value=Decimal(4900)))
    state = a_state(level_count=0)
    state.levels[level.uuid] = level
    written = json.loads(encode(state, NOW))["open_orders"][0]
    assert (written["entry_trade_direction"], written["entry_trade_price"]) == ("SELL", 49.50)


@pytest.mark.parametrize(
    "number",
    [
        "49.00",
        "49.0333333",
        "0.1",
        "1E+20",
        "-0",
        "1E-40",
        "9" * 40 + ".05",
        "1E+3000",
        "49.03333333333333333333333333333333",
    ],
)
def test_a_price_keeps_every_digit(number: str) -> None:
    """No float is in between: averages come back exactly."""
    state = a_state(total_pnl=Decimal(number))
    assert decode(encode(state, NOW)).total_pnl == Decimal(number)


@settings(max_examples=300)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@example(len(GOOD) - 1, 1)
def test_a_flipped_byte_is_refused_wherever_it_is(place: int, flip: int) -> None:
    """failures.md 59 to 63: damage anywhere is noticed by the checksum, if not before."""
    damaged = bytearray(GOOD)
    damaged[place] ^= flip
    refusal(bytes(damaged))


def test_a_truncated_file_is_refused_at_every_length() -> None:
    """No beginning of a state is a state."""
    for length in range(0, len(GOOD), 7):
        refusal(GOOD[:length])
    refusal(GOOD[:-1])


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str).map(str.encode)
)
@example(b"[" * 100_000)
@example(b"1" * 5000)
@example(b"1e99999999999999999999")
@example(b"[NaN]")
@example(b'{"schema_version": 1}')
@example(b'"\\ud800"')
@example(b"\xef\xbb\xbf{}")
def test_junk_raises_nothing_but_state_error(junk: bytes) -> None:
    """Whatever stands in the file, the operator reads a sentence, not a traceback."""
    refusal(junk)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "it is empty (zero length)", id="zero-length"),
        pytest.param(bytes(4096), "nothing but NUL bytes", id="all-NUL"),
        pytest.param(GOOD[:500] + bytes(len(GOOD) - 500), "NUL bytes, the first at byte 500", id="NUL-tail"),
        pytest.param(GOOD[: len(GOOD) // 2], f"cut off or overgrown, it ends after {len(GOOD) // 2} bytes", id="half"),
        pytest.param(GOOD + b"x", "cut off or overgrown", id="trailing-text"),
        pytest.param(GOOD + b"{}", f"something follows its end, from byte {len(GOOD)}", id="trailing-json"),
        pytest.param(GOOD + b"\n", "checksum does not fit", id="trailing-newline"),
        pytest.param(GOOD.replace(b"Active", b"Bctive"), "checksum does not fit", id="bit-flip-in-text"),
        pytest.param(GOOD.replace(b"Active", b"Acti\xffe"), "no text", id="no-utf8"),
        pytest.param(GOOD.replace(b'": ', b'" ', 1), "no JSON at byte", id="broken-json"),
        pytest.param(b"[1]}", "something follows", id="no-object-tail"),
        pytest.param(b'{"a": 1}', "names no schema_version", id="other-json"),
        pytest.param(b'{"schema_version": 1}', "no checksum", id="no-checksum"),
        pytest.param(b'{"schema_version": 1.0}', "schema_version 1.0", id="schema-no-integer"),
        pytest.param(b'{"schema_version": true}', "schema_version True", id="schema-true"),
    ],
)
def test_refusal_names_what_is_wrong_with_a_damaged_file(data: bytes, sentence: str) -> None:
    """Corrupt is not absent, and the operator is told which corruption it is (failures.md 59 to 63)."""
    assert sentence in refusal(data)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(
            lambda d: d.update(schema_version=2), "has schema_version 2, and this TG1 reads only", id="schema"
        ),
        pytest.param(lambda d: d.pop("total_pnl"), 'the top level lacks the key "total_pnl"', id="missing-key"),
        pytest.param(lambda d: d.update(extra=1), "the top level has an unknown key 'extra'", id="unknown-key"),
        pytest.param(lambda d: d.update(total_pnl="1"), "total_pnl is '1', where a finite number", id="text-as-price"),
        pytest.param(lambda d: d.update(total_pnl=True), "total_pnl is True", id="bool-as-price"),
        pytest.param(lambda d: d.update(total_pnl=float("nan")), "it holds NaN", id="NaN"),
        pytest.param(lambda d: d.update(total_pnl=float("inf")), "it holds Infinity", id="infinity"),
        pytest.param(lambda d: d.update(upside_net_quantity=1.5), "upside_net_quantity is 1.5", id="part-of-a-share"),
        pytest.param(lambda d: d.update(upside_net_quantity=False), "upside_net_quantity is False", id="bool-as-count"),
        pytest.param(lambda d: d.update(bot_name=None), "bot_name is None, where a text", id="null-as-text"),
        pytest.param(lambda d: d.update(max_quantity_reached=0), "where true or false", id="number-as-flag"),
        pytest.param(
            lambda d: d.update(trade_type="grid"), "trade_type is 'grid', where one of gridocots", id="unknown-word"
        ),
        pytest.param(
            lambda d: d.update(trading_day="yesterday"), "trading_day is 'yesterday', where a date", id="no-day"
        ),
        pytest.param(
            lambda d: d.update(last_updated="2026-02-16T10:30:00"), "offset from UTC", id="time-without-offset"
        ),
        pytest.param(
            lambda d: d.update(max_quantity=7), "max_quantity is 7, where 500 by the other", id="derived-at-top"
        ),
        pytest.param(lambda d: d.update(open_orders={}), "open_orders is {}, where a list", id="no-list"),
        pytest.param(lambda d: d["open_orders"].append(3), "open_orders[2] is 3, where an object", id="no-object"),
        pytest.param(lambda d: d["open_orders"].append(d["open_orders"][1]), "the same uuid", id="uuid-twice"),
        pytest.param(
            lambda d: d["open_orders"][0].update(entry_order_id="9"),
            "open_orders[0].entry_order_id is '9', where 12345 by the other fields",
            id="derived-order-id",
        ),
        pytest.param(
            lambda d: d["open_orders"][1].update(entry_trade_direction="SELL"),
            "where BUY by the other",
            id="derived-side",
        ),
        pytest.param(
            lambda d: d["open_orders"][0]["order"].update(limit_price=None),
            "open_orders[0].order.limit_price",
            id="nested",
        ),
        pytest.param(lambda d: d["open_orders"][0]["order"].update(role="oco"), "in the wrong place", id="role"),
        pytest.param(lambda d: d["open_orders"][0].update(bot_name="B"), 'the bot "B"', id="level-of-another-bot"),
        pytest.param(
            lambda d: d["open_orders"][1].update(order=d["open_orders"][0]["order"], entry_order_id="12345"),
            "the client id TAGXXGENUD01E000 is used by two orders",
            id="client-id-twice",
        ),
        pytest.param(lambda d: d["order_history"][0].pop("seq"), 'order_history[0] lacks the key "seq"', id="record"),
        pytest.param(
            lambda d: d["open_orders"][0]["backoff"].update(retry_at="soon"), "backoff.retry_at is 'soon'", id="instant"
        ),
    ],
)
def test_refusal_names_the_field_that_is_wrong(change: Callable[[dict[str, Any]], object], sentence: str) -> None:
    """A file whose checksum fits is still read strictly."""
    assert sentence in refusal(tampered(change))


def test_tampering_nothing_is_accepted() -> None:
    """The helper of these tests makes files that are refused for their content only."""
    assert decode(tampered(lambda _document: None)) == a_state()


def test_file_of_the_first_edition_is_read_as_if_nothing_had_been_executed() -> None:
    """Behaviour 9: a bot that is updated overnight resumes its grid; what earlier days cost is not made up."""

    def forget(document: dict[str, Any]) -> None:
        for key in ("executed", "charges_before", "squared_off_pnl", "last_prices", "paused_sides", "pause_seen"):
            document.pop(key)
        for key in ("day_start", "charges_given", "account_names"):
            document.pop(key)
        for record in document["order_history"]:
            for key in ("net_pnl", "open_pnl", "charges"):
                record.pop(key)

    state = decode(tampered(forget))
    assert state == a_state(executed=[], charges_before=Charges(), day_start=None)
    assert state.order_history[0].net_pnl is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(lambda c: c.update(total=1), "charges_before.total is 1, where 67.7", id="total"),
        pytest.param(
            lambda c: c.update(gst=10**28, dp=-(10**28), stt="x"), "charges_before.stt is 'x'", id="text-as-part"
        ),
    ],
)
def test_charges_that_do_not_add_up_are_refused(change: Callable[[dict[str, Any]], object], sentence: str) -> None:
    """The total is for readers of the file; its parts are what is believed."""
    assert sentence in refusal(tampered(lambda document: change(document["charges_before"])))


def test_sum_that_no_one_can_reckon_is_refused() -> None:
    """A damaged exponent ends in a sentence, never in a traceback; and it is never written."""
    text = GOOD.replace(b'"brokerage": 40.0', b'"brokerage": 9e999999').replace(b'"gst": 8.0', b'"gst": 9e9999998')
    body = text.rpartition(b',\n"checksum"')[0]
    data = body + b',\n"checksum": "' + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'
    assert "charges_before.total" in refusal(data)
    huge = Charges(brokerage=Decimal("9e999999"), gst=Decimal("9e999999"))
    with pytest.raises(InvariantBroken, match="a sum beyond all numbers"):
        encode(a_state(charges_before=huge), NOW)


def test_same_key_twice_is_refused() -> None:
    """JSON would let the second one win."""
    assert "same key twice" in refusal(GOOD.replace(b'"generation"', b'"generation": "X",\n"generation"', 1))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"total_pnl": Decimal("NaN")}, "BotState.total_pnl is Decimal", id="NaN"),
        pytest.param({"total_pnl": 1.5}, "BotState.total_pnl is 1.5, not a finite number", id="float"),
        pytest.param({"upside_net_quantity": Decimal(1)}, "not a whole number", id="decimal-count"),
        pytest.param({"trading_day": NOW}, "not a date", id="datetime-as-day"),
        pytest.param({"levels": {"other": a_level()}}, "kept under the uuid other", id="wrong-uuid"),
        pytest.param({"levels": {"level0001": a_level(bot_name="B")}}, 'the bot "B"', id="another-bot"),
        pytest.param(
            {"levels": {"level0001": a_level(backoff=Backoff(retry_at=NOW.replace(tzinfo=None)))}},
            "Backoff.retry_at",
            id="naive-time",
        ),
        pytest.param(
            {
                "levels": {
                    "level0001": with_order(a_level(1), an_order("SAME")),
                    "level0002": with_order(a_level(2), an_order("SAME", role=Role.OCO)),
                }
            },
            "the client id SAME is used by two orders",
            id="client-id-twice",
        ),
    ],
)
def test_what_could_not_be_read_back_is_never_written(changes: dict[str, Any], sentence: str) -> None:
    """The last good state stays on disk when our own books are broken."""
    with pytest.raises(InvariantBroken) as caught:
        encode(a_state(**changes), NOW)
    assert sentence in str(caught.value)


def test_file_holds_the_last_500_records() -> None:
    """Behaviour 9.4."""
    state = a_state(record_count=HISTORY_KEPT + 3)
    assert [record.seq for record in decode(encode(state, NOW)).order_history] == list(range(4, HISTORY_KEPT + 4))


def test_time_of_the_save_can_be_read_and_is_all_that_differs() -> None:
    """`last_updated` is told to the operator and is no change by itself."""
    later = NOW + timedelta(seconds=5)
    encoder = StateEncoder()
    assert encoder.text(a_state()) == encoder.text(a_state())
    assert saved_at(encoder.text(a_state()).sealed(later)) == later
    assert decode(encode(a_state(), later)) == a_state()


def test_encoder_notices_every_replaced_level_and_record() -> None:
    """The remembered lines are those of the very same objects, so a changed level is never written as it was."""
    encoder, state = StateEncoder(), a_state(level_count=50, record_count=20)
    for number in range(1, 51):
        uuid = f"level{number:04}"
        state.levels[uuid] = replace(state.levels[uuid], attempts=number)
        state.order_history[number % 20] = a_record(number % 20 + 1, uuid=f"x{number}")
        assert decode(encoder.text(state).sealed(NOW)) == state


@pytest.mark.parametrize(
    ("of", "record"),
    [
        (record.of, record)
        for record in (ATTENTION, BACKOFF, CHARGES, EXECUTED, LAST_PRICE, LEG, LEVEL, RECORD, SETTLED, TRADED)
    ],
)
def test_every_field_of_a_record_is_in_the_file(of: type, record: Record) -> None:
    """A field that the codec does not know would be lost at the first restart."""
    assert {field.name for field in fields(of)} <= set(record.fields)


def test_every_field_of_the_state_is_in_the_file() -> None:
    """As above, for the top level: `levels` is called `open_orders` there, `grid` is spread out."""
    known = {"open_orders" if field.name == "levels" else field.name for field in fields(BotState)} - {"grid"}
    known |= {field.name for field in fields(GridIdentity)}
    assert known <= set(json.loads(GOOD))


def test_a_name_in_any_script_makes_an_ascii_file() -> None:
    """The file survives every tool and locale; the name comes back."""
    state = a_state(level_count=0, record_count=0, bot_name="ग्रिड \U0001f4c8")
    data = encode(state, NOW)
    assert data.isascii()
    assert decode(data).bot_name == state.bot_name


def test_order_of_an_earlier_tg1_has_no_times() -> None:
    """Behaviour 9.2: a state without them is read as it is; what waits by them treats them as unknown."""

    def forget(document: dict[str, Any]) -> None:
        order = document["open_orders"][0]["order"]
        for key in ("placed_at", "first_fill_at", "last_fill_at"):
            del order[key]

    [level, *_] = decode(tampered(forget)).levels.values()
    assert level.order is not None
    assert (level.order.placed_at, level.order.first_fill_at, level.order.last_fill_at) == (None, None, None)
