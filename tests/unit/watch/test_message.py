"""Alerts as a person reads them on a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from tests.support.alerts import NOON, alert
from tg1.watch.alerts import Kind, Noise, told
from tg1.watch.message import Tone, fitting, message_of


def test_one_alert_is_a_title_and_a_sentence() -> None:
    """Who, what, when, and on which machine."""
    message = message_of([alert()], 0, NOON, "prod-1")
    assert message.title == "IRFC Grid hangs"
    assert message.body == "12:00:00 IRFC Grid: no cycle for 12 s\n(TG1 watch on prod-1)"
    assert message.tone is Tone.BAD


def test_several_are_one_message_under_the_loudest() -> None:
    """In the order in which they came."""
    quiet = alert(1, kind=Kind.SESSION_END, noise=Noise.QUIET, text="Session end.", bot="A")
    message = message_of([quiet, alert(2, after_secs=5)], 0, NOON, "prod-1")
    assert message.title == "IRFC Grid hangs (+1 more)"
    assert message.body.splitlines()[:2] == ["12:00:00 A: Session end.", "12:00:05 IRFC Grid: no cycle for 12 s"]


def test_a_fill_is_no_headline_beside_an_end() -> None:
    """Nor is the watch's own start."""
    normal = partial(alert, noise=Noise.NORMAL, text="x")
    alerts = [
        normal(1, kind=Kind.WATCH, bot=""),
        normal(2, kind=Kind.FILL),
        normal(3, kind=Kind.SESSION_END),
    ]
    assert message_of(alerts, 0, NOON, "h").title == "IRFC Grid has stopped (+2 more)"


def test_many_fills_of_a_bot_are_one_line() -> None:
    """How many, since when, and the last of them."""
    fills = [
        alert(number, kind=Kind.FILL, noise=Noise.NORMAL, text=f"sold {number}", after_secs=number)
        for number in range(30)
    ]
    message = message_of(fills, 0, NOON, "h")
    assert message.title == "IRFC Grid: 30 fills"
    assert message.body.splitlines()[0] == "12:00:29 IRFC Grid: 30 fills since 12:00:00, the last: sold 29"
    assert len(message.body.splitlines()) == 2
    assert message.tone is Tone.PLAIN


def test_few_fills_are_told_one_by_one() -> None:
    """Three of each bot; a fourth folds them, and leaves the other bot's alone."""
    few = [
        alert(number, kind=Kind.FILL, noise=Noise.NORMAL, text=f"sold {number}", after_secs=number)
        for number in range(3)
    ]
    other = [replace(each, bot="Other") for each in few]
    assert [line.partition(": ")[2] for line in message_of(few, 0, NOON, "h").body.splitlines()[:3]] == [
        "sold 0",
        "sold 1",
        "sold 2",
    ]
    fourth = alert(3, kind=Kind.FILL, noise=Noise.NORMAL, text="sold 3", after_secs=3)
    message = message_of([*few, *other, fourth], 0, NOON, "h")
    assert len(message.body.splitlines()) == 3 + 1 + 1
    assert message.title == "IRFC Grid: 4 fills (+3 more)"
    assert message_of(few[:2], 0, NOON, "h").title == "IRFC Grid: 2 fills"
    assert message_of(few[:1], 0, NOON, "h").title == "IRFC Grid filled an order"


def test_a_message_is_as_bad_as_its_worst() -> None:
    """A warning beside an alarm is an alarm; what the watch says of itself has no name before it."""
    mild = alert(1, kind=Kind.FEED_STALE, noise=Noise.NORMAL)
    assert message_of([mild], 0, NOON, "h").tone is Tone.ODD
    assert message_of([mild, alert(2)], 0, NOON, "h").tone is Tone.BAD
    assert message_of([alert(3, kind=Kind.FEED_STALE, noise=Noise.QUIET), mild], 0, NOON, "h").tone is Tone.ODD
    assert message_of([alert(4, bot="", kind=Kind.WATCH)], 0, NOON, "h").title == "TG1 watch"


def test_folded_fills_take_no_room_from_the_others() -> None:
    """Five hundred of them are one line."""
    fills = [alert(number, kind=Kind.FILL, noise=Noise.NORMAL, text="x" * 300) for number in range(500)]
    assert len(fitting(fills)) == 500
    assert len(fitting(fills[:3])) == 3
    exact = [alert(number, text="x" * (1000 - 24 - len("IRFC Grid"))) for number in range(4)]
    assert len(fitting(exact)) == 3


def test_good_news_looks_like_it() -> None:
    """And says what is over."""
    message = message_of([alert(cleared=True, text="it cycles again")], 0, NOON, "h")
    assert message.title == "IRFC Grid cycles again"
    assert message.tone is Tone.GOOD


def test_what_was_left_out_is_said() -> None:
    """With its number; nobody is told nothing."""
    assert "7 earlier alerts were left out" in message_of([alert()], 7, NOON, "h").body
    assert "1 earlier alert was left out" in message_of([alert()], 1, NOON, "h").body


def test_an_alert_of_another_day_says_its_day() -> None:
    """One that waited for the network over midnight."""
    assert message_of([alert()], 0, NOON + timedelta(days=1), "h").body.startswith("23 Nov 12:00:00 IRFC Grid")


def test_every_kind_has_its_words() -> None:
    """A title for each, for the beginning and for the end."""
    for kind in Kind:
        assert message_of([alert(kind=kind)], 0, NOON, "h").title
        if kind not in (Kind.ATTENTION, Kind.SESSION_END, Kind.FILL):
            assert message_of([alert(kind=kind, cleared=True)], 0, NOON, "h").title


def test_the_loudest_are_chosen_first() -> None:
    """A hang is not behind a hundred sentences of less weight; the order of time stays."""
    quiet = [alert(number, kind=Kind.ATTENTION, noise=Noise.QUIET, text="x" * 500) for number in range(20)]
    chosen = fitting([*quiet, alert("hang")])
    assert chosen[-1].occurrence == "hang"
    assert len(chosen) == 6


def test_sentences_are_made_fit_to_be_sent() -> None:
    """No line ends, no escape sequences, no endless words."""
    assert told("a\nb\x1b[31m\u202ec ") == "a b [31m c"
    assert len(told("x" * 5000)) == 600
