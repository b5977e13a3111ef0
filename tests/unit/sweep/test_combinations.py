"""Combinations of values, and the bot's own word on each of them."""

from __future__ import annotations

import pytest

from tg1.errors import ConfigError
from tg1.sweep.combinations import Asked, asked
from tg1.sweep.flags import build_parser
from tg1.sweep.refusals import by_reason

GRID = "--prices x --auto-entry --oco-spread 2 --qty-a 100 --qty-b 50".split()  # noqa: SIM905  # reads as it is typed
PAIR = ["--token-a", "SBIN", "--token-b", "PNB"]


def swept(*args: str) -> Asked:
    """The combinations of a command line."""
    given, others = build_parser().parse_known_args([*GRID, *args])
    return asked(given, others)


def test_flags_with_several_values_multiply() -> None:
    """Every one with every other, in the order of the flags, each with what it was told."""
    found = swept(*PAIR, "--spread", "1,2", "--steps", "3:5:2", "--target-spread", "0.5")
    assert found.count == 4
    assert found.varied == ("spread", "steps")
    told = [(one.number, one.pair, *one.values[:3]) for one in found.accepted]
    assert told == [
        (1, "SBIN/PNB", "1", "0.5", "3"),
        (2, "SBIN/PNB", "1", "0.5", "5"),
        (3, "SBIN/PNB", "2", "0.5", "3"),
        (4, "SBIN/PNB", "2", "0.5", "5"),
    ]
    assert [str(one.config.spread) for one in found.accepted] == ["1", "1", "2", "2"]


def test_pairs_multiply_too() -> None:
    """Upper case, each once."""
    found = swept("--pairs", "sbin/pnb, SBIN/BANKBARODA,SBIN/PNB", "--spread", "1,2")
    assert [one.pair for one in found.accepted] == ["SBIN/PNB"] * 2 + ["SBIN/BANKBARODA"] * 2


def test_bot_needs_no_name_and_keeps_the_one_it_is_given() -> None:
    """A start line may be used as it is."""
    assert swept(*PAIR).accepted[0].config.bot_name == "sweep"
    assert swept(*PAIR, "--bot-name=Mine").accepted[0].config.bot_name == "Mine"


def test_combination_that_the_bot_refuses_is_counted_and_named() -> None:
    """`--oco-stop-count 4` has no meaning on three levels (behaviour 18): that combination falls, the other stays."""
    found = swept(*PAIR, "--steps", "3,5", "--oco-stop-count", "4")
    assert (len(found.accepted), found.count) == (1, 2)
    assert found.refused == (
        "--oco-stop-count 4 can never be reached with --steps 3: hedges that fail to fill would not end the bot.",
    )


def test_stop_count_that_nobody_asked_for_follows_each_grid() -> None:
    """Behaviour 19, for each combination by itself."""
    assert [one.config.oco_stop_count for one in swept(*PAIR, "--steps", "1,2,5").accepted] == [1, 2, 3]


def test_reasons_are_gathered_by_what_they_say() -> None:
    """Numbers apart; the most frequent first."""
    told = by_reason(["--steps 0 is low.", "--spread 2.5 is odd.", "--spread 11 is odd."])
    assert told == [(2, "--spread 2.5 is odd."), (1, "--steps 0 is low.")]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ([*PAIR, "--steps", "0"], "--steps 0 is not between 1 and 1295"),
        ([*PAIR, "--steps", "0", "--spread", "1,2"], "the bot accepts none of 2 combinations; the first: --steps 0"),
        (["--pairs", "SBIN/PNB", *PAIR], "--pairs contradicts --token-a and --token-b"),
        (["--pairs", "SBIN/"], "'SBIN/' is no pair such as SBIN/PNB"),
        (["--pairs", "SBIN/PNB,"], "'' is no pair"),
        (["--pairs", "A/B/C"], "'A/B/C' is no pair"),
        (["--pairs", "SBIN"], "--token-b is missing"),
        ([], "--token-a is missing"),
        ([*PAIR, "--stepz", "3"], "--stepz"),
        ([*PAIR, "--spread", "1:9:0.01", "--target-spread", "1:9:0.01"], "these are 641,601 combinations; at most"),
        ([*PAIR, "--trade-type", "gridocots,nonsense"], ""),
        ([*PAIR, "--ignore-market-hours"], "--ignore-market-hours has no use in a sweep"),
        ([*PAIR, "--entry-price", "50,60"], "--entry-price contradicts --auto-entry"),
    ],
)
def test_line_that_leaves_nothing_is_refused(args: list[str], sentence: str) -> None:
    """By the sentence of the flag, or of the first combination."""
    if not sentence:
        assert "nonsense" in swept(*args).refused[0]
        return
    with pytest.raises(ConfigError) as caught:
        swept(*args)
    assert sentence in str(caught.value)
