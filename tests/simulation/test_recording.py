"""The proof of tests/acceptance/test_recording.py for longer, and to the bot's own end when it comes to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.test_paper_mode import PaperBot
from tests.acceptance.test_recording import LIVELY, is_lively, prove, record_of, stop_between_cycles
from tests.support.driver import until

if TYPE_CHECKING:
    from pathlib import Path

CYCLES = 110


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(5, 9))
def test_two_minutes_of_a_real_process_give_the_same_orders_as_their_replay(tmp_path: Path, seed: int) -> None:
    """With other prices each time: targets, hedges, rejections of stops that were crossed, terminations."""
    bot = PaperBot(tmp_path / "bot", paper_seed=seed, **{**LIVELY, "steps": 8, "oco_spread": "0.20"})
    try:
        bot.start()
        until(lambda: is_lively(bot), "a lively day", bot)
        until(lambda: not bot.is_running or cycles_of(bot) > CYCLES, "two minutes", bot, within=600, look_every=1.0)
        if bot.is_running:
            stop_between_cycles(bot)
    finally:
        if bot.is_running:
            bot.kill()
    prove(bot)


def cycles_of(bot: PaperBot) -> int:
    """How many cycles are recorded."""
    return len(record_of(bot).runs[-1].cycles)
