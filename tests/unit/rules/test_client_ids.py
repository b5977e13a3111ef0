"""Client order ids: short, tagged, reversible, never the same for two things (behaviour 3.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tg1.machine.clock import IST
from tg1.models import Role, TradeSide
from tg1.rules.client_ids import (
    MAX_LEVEL,
    TAG_LENGTH,
    ClientId,
    bot_tag,
    generation_of,
    next_generation,
    parse_client_id,
)

base36 = st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
ids = st.builds(
    ClientId,
    tag=st.text(base36, min_size=5, max_size=5),
    generation=st.text(base36, min_size=3, max_size=3),
    trade_side=st.sampled_from(TradeSide),
    level=st.integers(1, MAX_LEVEL),
    role=st.sampled_from((Role.ENTRY, Role.TARGET, Role.OCO)),
    attempt=st.integers(0, 36**4 - 1),
)


@given(ids)
def test_id_reads_back_as_what_it_named(client_id: ClientId) -> None:
    """A pure function of what it names, and its inverse (failures.md III.25)."""
    assert parse_client_id(str(client_id)) == client_id


@given(ids)
def test_id_fits_the_wire(client_id: ClientId) -> None:
    """At most 16 characters of [A-Z0-9], the tag first (xts.md 7.1)."""
    text = str(client_id)
    assert len(text) == 16
    assert text.isascii()
    assert text.isalnum()
    assert text == text.upper()
    assert text.startswith(client_id.tag)


@given(ids, ids)
def test_two_things_never_share_an_id(one: ClientId, other: ClientId) -> None:
    """The broker does not enforce uniqueness: it is ours to keep."""
    assert (one == other) == (str(one) == str(other))


@given(st.text(max_size=24))
def test_any_text_is_read_or_somebody_elses(text: str) -> None:
    """Foreign orders carry any text; none of it is an error, and what is read names itself."""
    found = parse_client_id(text)
    assert found is None or str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("HVFKBCYOD01E000", id="short"),
        pytest.param("HVFKBCYOD01E00001", id="long"),
        pytest.param("hvfkbcyod01e0001", id="lower-case"),
        pytest.param("HVFKBCYOX01E0001", id="no-such-side"),
        pytest.param("HVFKBCYOD01X0001", id="no-such-role"),
        pytest.param("HVFKBCYOD-1E0001", id="sign"),
        pytest.param("HVFKBCYOD01E\u0660\u0660\u0660\u0661", id="other-digits"),
    ],
)
def test_look_alikes_are_somebody_elses(text: str) -> None:
    """Behaviour 3.4: only what we could have made is ours."""
    assert parse_client_id(text) is None


@given(st.text(min_size=1, max_size=60))
def test_tag_is_a_stable_five_characters(name: str) -> None:
    """The same name gives the same tag in every process."""
    tag = bot_tag(name)
    assert tag == bot_tag(name)
    assert len(tag) == TAG_LENGTH
    assert tag.isascii()
    assert tag.isalnum()


def test_tag_does_not_change_between_versions() -> None:
    """A new version must find the orders of the old one; the number is part of the contract."""
    assert bot_tag("IRFC-SBIN Grid") == "HVFKB"


def test_names_seldom_share_a_tag() -> None:
    """Ten thousand bots, all told apart."""
    assert len({bot_tag(f"bot {number}") for number in range(10_000)}) >= 9_999


@given(st.integers(0, 86_399), st.integers(0, 86_399))
def test_grids_born_in_different_slots_of_a_day_differ(first: int, second: int) -> None:
    """A generation is the two-second slot of the day."""
    midnight = datetime(2026, 11, 23, tzinfo=IST)
    generations = [generation_of(midnight + timedelta(seconds=secs)) for secs in (first, second)]
    assert (generations[0] == generations[1]) == (first // 2 == second // 2)
    assert all(len(one) == 3 for one in generations)


@given(st.text(base36, min_size=3, max_size=3))
def test_next_generation_is_another_of_the_same_width(generation: str) -> None:
    """Wraps round at the end."""
    following = next_generation(generation)
    assert following != generation
    assert len(following) == 3


def test_number_too_large_for_its_field_is_refused() -> None:
    """Better no order than an id that names another one."""
    with pytest.raises(ValueError, match="does not fit"):
        str(ClientId(tag="AAAAA", generation="AAA", trade_side=TradeSide.UPSIDE, level=1, role=Role.OCO, attempt=36**4))


def test_order_of_a_square_off_belongs_to_no_level() -> None:
    """Behaviour 13: role X, level 00; an X of a level, or a level 00 of another role, is not ours."""
    closing = ClientId(tag="TAG00", generation="GEN", trade_side=TradeSide.UPSIDE, level=0, role=Role.CLOSE, attempt=7)
    assert str(closing) == "TAG00GENU00X0007"
    assert parse_client_id("TAG00GENU00X0007") == closing
    assert parse_client_id("TAG00GENU01X0007") is None
    assert parse_client_id("TAG00GENU00E0007") is None


def test_name_that_no_encoding_knows_has_a_tag_of_its_own() -> None:
    """A name from a shell may hold bytes that are no text."""
    assert bot_tag("grid \udcff") != bot_tag("grid ")


def test_last_level_is_the_largest_of_two_digits() -> None:
    """Behaviour 3.1: 1295, ZZ, is as many as the id can tell apart."""
    assert MAX_LEVEL == 1295


@pytest.mark.parametrize(("generation", "following"), [("000", "001"), ("00Z", "010"), ("A0Z", "A10"), ("ZZZ", "000")])
def test_generations_follow_one_another(generation: str, following: str) -> None:
    """Counted in base 36."""
    assert next_generation(generation) == following


@example(datetime(2026, 11, 23, 23, 59, 59, tzinfo=IST))
@example(datetime(2026, 11, 23, 9, 59, 58, tzinfo=IST))
@example(datetime(2026, 11, 23, 10, 59, 58, tzinfo=IST))
@example(datetime(2026, 11, 23, 10, 0, 58, tzinfo=IST))
@example(datetime(2026, 11, 23, 10, 1, 58, tzinfo=IST))
@given(st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(IST)))  # noqa: DTZ001  # bounds have to be naive
def test_grid_born_two_seconds_later_is_the_next_generation(now: datetime) -> None:
    """Over midnight, too: so a grid begun every morning at the same time is another one for 27 days."""
    assert generation_of(now + timedelta(seconds=2)) == next_generation(generation_of(now))
