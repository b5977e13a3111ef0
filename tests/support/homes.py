"""Where the tests of a module are: in the file that bears its name, in the places named here, or in both.

The law (tests/unit/test_layers.py) holds every module to it. A place is a file or folder below `tests`; a wing's entry
counts for each of its modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WIRE = ("contract/test_findoc_client.py", "contract/test_xts_paper.py")
FEED = ("contract/test_zerodha_feed.py", "contract/test_zerodha_feed_tls.py")
SERVED = ("contract/test_paper_server.py",)
WINGS = {"trading": "engine"}
"""Wings whose modules' tests bear their name in another folder than `unit`."""
ELSEWHERE: dict[str, tuple[str, ...]] = {
    # What touches state and broker at once is driven with both in hand (`WINGS` finds most of it by its name).
    "grid_engine": ("engine",),
    "trading.blame": ("engine/test_hedge_alarm.py", "engine/test_hedges_that_hedge.py", "engine/test_days_and_disk.py"),
    "trading.closing_orders": ("engine/test_square_off.py", "engine/test_square_off_orders.py"),
    "trading.emergency": ("engine/test_closing_orders.py",),
    "rules.day_sheets": ("engine/test_history_money.py",),
    "trading.ending": ("engine/test_ends.py", "engine/test_emergency.py"),
    "trading.new_day": ("engine/test_days_and_disk.py",),
    "trading.session": ("engine/test_hours.py", "engine/test_ends.py"),
    "trading.starting": (
        "engine/test_days_and_disk.py",
        "engine/test_ends.py",
        "engine/test_placement.py",
        "engine/test_first_prices.py",
        "engine/test_closing_orders.py",
    ),
    "trading.steady_clock": ("engine/test_hours.py",),
    "doctor": ("contract/test_doctor.py", "unit/doctor/test_judge.py", "unit/doctor/test_machine.py"),
    "screen.command": ("unit/test_commands.py", "unit/test_config_command.py", "unit/pair/test_program.py"),
    "login": ("contract/test_login.py",),
    "kite.redirect": ("contract/test_login.py",),
    # The exchange is tested as the bot sees it: by its answers.
    "paper.agenda": ("unit/paper/test_engine.py",),
    "paper.build": SERVED,
    "paper.candles": ("unit/paper/test_kite_app.py",),
    "paper.control": SERVED,
    "paper.envelope": ("unit/paper/test_books.py", "unit/paper/test_quirks.py"),
    "paper.errors": ("unit/paper/test_exchange.py",),
    "paper.faults": ("unit/paper/test_quirks.py",),
    "paper.instruments": ("unit/paper/test_kite_app.py",),
    "paper.journal": ("unit/paper/test_quirks.py",),
    "paper.kite_sessions": ("unit/paper/test_kite_app.py",),
    "paper.ledger": ("unit/paper/test_exchange.py", "unit/paper/test_books.py"),
    "paper.matching": ("unit/paper/test_exchange.py", "unit/paper/test_properties.py"),
    "paper.order_calls": ("unit/paper/test_quirks.py", "unit/paper/test_exchange.py"),
    "paper.orders": ("unit/paper/test_exchange.py",),
    "paper.packets": ("unit/paper/test_ticker.py",),
    "paper.price_file": ("unit/paper/test_replay.py",),
    "paper.register": ("unit/paper/test_exchange.py", "unit/paper/test_properties.py"),
    "paper.resting": ("unit/paper/test_engine.py", "unit/paper/test_exchange.py"),
    "paper.rolling": ("unit/paper/test_quirks.py", "unit/paper/test_accounts.py"),
    "paper.rows": ("unit/paper/test_quirks.py", "contract/test_xts_paper.py"),
    "paper.server": SERVED,
    "paper.tape": ("unit/paper/test_ticker.py", "unit/paper/test_kite_app.py"),
    "paper.user_calls": ("unit/paper/test_books.py", "contract/test_xts_paper.py"),
    "paper.validation": ("unit/paper/test_quirks.py", "unit/paper/test_properties.py"),
    "paper.visibility": ("unit/paper/test_quirks.py",),
    "paper.wire": ("unit/paper/test_quirks.py", "contract/test_xts_paper.py"),
    "paper.xts_app": ("unit/paper/test_quirks.py", "unit/paper/test_accounts.py"),
    # The watch's values are tested by what is decided on them.
    "watch.alerts": ("unit/watch/test_outbox.py", "unit/watch/test_message.py"),
    "watch.__main__": ("unit/watch/test_program.py",),
    "watch.seen": ("unit/watch/test_lookout.py",),
    "watch.memory": ("unit/watch/test_spool.py",),
    "watch.spool_codec": ("unit/watch/test_spool.py",),
    "report.library": ("unit/report/test_page.py",),
    "report.story": ("unit/report",),
    # A replay is judged by the days it lives.
    "replay": ("replay",),
    # A fetch is tested through a socket, as a user types it.
    "data.__main__": ("contract/test_data_fetch.py",),
    "data.command": ("contract/test_data_fetch.py",),
    "data.program": ("contract/test_data_fetch.py",),
    "data.summary": ("contract/test_data_fetch.py",),
    "data.wire": ("contract/test_data_fetch.py",),
    "pair.__main__": ("unit/pair/test_program.py",),
    "pair.advice": ("unit/pair/test_program.py",),
    "pair.command": ("unit/pair/test_program.py",),
    "pair.picture": ("unit/pair/test_program.py",),
    "pair.summary": ("unit/pair/test_program.py",),
    "data.findings": ("unit/data/test_check.py",),
    "data.silences": ("unit/data/test_check.py",),
    "kite.history": ("contract/test_data_fetch.py",),
    # So is a sweep: by its small sweeps of made days.
    "sweep": ("sweep",),
    # A record is made by a whole bot, and its values are tested by what is written of them.
    "record.values": ("unit/record/test_codec.py",),
    "record.broker": ("unit/record/test_recorder.py",),
    "record.engine": ("unit/record/test_recorder.py",),
    "record.start": ("acceptance/test_recording.py",),
    # Edges are tested at their sockets.
    "findoc_client": WIRE,
    "zerodha_feed": FEED,
    "xts.calls": ("contract/test_xts_answers.py", "contract/test_xts_portfolio.py"),
    "xts.account": ("contract/test_findoc_client.py", "contract/test_shared_key.py"),
    "xts.answer": ("contract/test_xts_answers.py",),
    "xts.connection": ("contract/test_findoc_client.py",),
    "xts.http": ("contract/test_xts_transport.py",),
    "xts.login": ("contract/test_xts_answers.py",),
    "xts.rows": ("contract/test_xts_rows.py",),
    "xts.shared_record": ("unit/xts/test_read_turns.py", "unit/xts/test_order_calls.py"),
    "xts.transport": ("contract/test_xts_transport.py", "contract/test_tls.py"),
    "xts.watched_http": ("contract/test_xts_transport.py",),
    "kite.ticker": FEED,
    "kite.rest": ("contract/test_zerodha_feed_instruments.py", "security/test_tls.py"),
    # A process is tested as one.
    "__main__": ("acceptance",),
    "run": ("acceptance",),
    "stop": ("acceptance/test_cancel_all.py",),
    "wiring": ("acceptance",),
    "paper.__main__": SERVED,
    "paper_process": ("acceptance/test_paper_mode.py",),
    "machine.version": ("unit/test_cli.py",),
    "machine.clock": ("acceptance/test_stopping.py", "engine/test_life_cycle.py"),
    # Parts of one thing, tested through the whole.
    "kite.feed_values": ("unit/kite/test_feed_logic.py",),
    "kite.last_prices": ("unit/kite/test_feed_logic.py",),
    "rules.change": ("unit/rules/test_fills.py",),
    "rules.given": ("unit/rules/test_tickets.py", "unit/rules/test_fills.py"),
    "screen.rungs": ("unit/screen/test_ladder.py",),
    "screen.view": ("unit/screen/test_ladder.py",),
    "settings.checks": ("unit/test_config.py",),
    "settings.paths": ("unit/test_config.py",),
    "settings.delivery": ("unit/settings/test_cautions.py", "unit/doctor/test_judge.py"),
    "settings.fields": ("unit/test_config.py",),
    "settings.credential_checks": ("unit/test_config.py",),
    "settings.flag_table": ("unit/test_cli.py",),
    "settings.flags": ("unit/test_cli.py",),
    "settings.values": ("unit/settings/test_roots.py", "unit/test_config.py"),
    "resume": ("unit/test_pause.py",),
    "told.command_line": ("unit/test_status.py", "unit/test_pause.py"),
    "told.day_sheet": ("unit/test_history.py",),
    "told.looks": ("unit/test_status.py",),
    "told.wishing": ("unit/test_pause.py",),
    "told.beside": ("acceptance/test_telling.py",),
    "told.edges": ("engine/test_telling.py",),
    "told.happenings": ("engine/test_telling.py", "unit/told/test_happenings.py"),
    "told.portrait": ("engine/test_telling.py",),
    "told.sighting": ("engine/test_telling.py",),
    "told.teller": ("engine/test_telling.py",),
    "told.prior": ("engine/test_telling_refusals.py",),
    "told.closings": ("engine/test_telling_stops.py",),
    "told.stop_teller": ("engine/test_telling_stops.py",),
    "told.events": ("unit/told/test_codec.py",),
    "told.found": ("unit/told/test_judge.py", "unit/told/test_folder.py"),
    "told.left": ("unit/told/test_judge.py", "unit/test_orders.py"),
    "told.paths": ("unit/told/test_folder.py",),
    "told.snapshot": ("unit/told/test_codec.py", "unit/told/test_judge.py"),
    "told.tables": ("unit/told/test_codec.py",),
    "store.json_kinds": ("unit/store/test_codec.py",),
    "store.schema": ("unit/store/test_codec.py",),
    "store.paths": ("security/test_names.py", "unit/test_state.py"),
    "store.trade_journal": ("unit/test_state.py",),
    "machine.process": ("unit/machine", "unit/told/test_folder.py"),
    "machine.hosts": ("unit/settings/test_roots.py",),
    "errors": ("acceptance/test_refusals.py",),
    "models": ("unit/rules",),
    # Protocols: the type checker holds everybody to them.
    "ports": (),
}

BESIDES = {"rules": ("engine",), "trading": ("engine", "unit/trading")}
"""Further tests that hold a wing to its rules, for whoever plants faults there."""
SLOW = {"test_state_machine.py"}
"""As long as all other tests of the engine together: not asked about every planted fault."""


def tests_of(module: str, tests: Path) -> list[Path]:
    """The files and folders with a module's tests; `module` is its name below the package ("rules.decide").

    Those that bear its name are `unit/rules/test_decide.py` and `unit/rules/test_decide_*.py`.
    """
    *wing, name = module.split(".")
    folders = [tests.joinpath("unit", *wing), *(tests / WINGS[each] for each in wing if each in WINGS)]
    own = [path for folder in folders for path in sorted(folder.glob("test_*.py")) if _bears(path.stem, name)]
    return own + [tests / place for place in (_entry(module) or ())]


def _bears(stem: str, name: str) -> bool:
    return stem == f"test_{name}" or stem.startswith(f"test_{name}_")


def wider_tests_of(module: str, tests: Path) -> list[Path]:
    """The files in the places of `BESIDES` for a module's wing, but for the slow ones."""
    places = [tests / place for place in BESIDES.get(module.partition(".")[0], ())]
    return [path for place in places for path in sorted(place.glob("test_*.py")) if path.name not in SLOW]


def _entry(module: str) -> tuple[str, ...] | None:
    return ELSEWHERE.get(module, ELSEWHERE.get(module.partition(".")[0]))


def without_home(house: Mapping[str, str], tests: Path) -> set[str]:
    """Modules whose tests nobody finds; packages hold no code."""
    packages = {module.rpartition(".")[0] for module in house if module}
    return {module for module in house.keys() - packages if _entry(module) is None and not tests_of(module, tests)}
