"""Who may see the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.watch.guard import HEADERS, Guard, host_of

TOKEN = "0123456789abcdef0123"
LOCAL = Guard()
OPEN = Guard(token=TOKEN, checks_host=False)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:9", "[::1]:8080", "LOCALHOST:1", "127.0.0.1"]
)
def test_this_machine_is_asked_by_its_own_names(host: str) -> None:
    """With any port: the page may be reached through a tunnel."""
    assert LOCAL.refusal("/", {"Host": host}, "") is None


@pytest.mark.parametrize(
    "host", ["evil.example:8080", "127.0.0.1.evil.example", "", "localhost.evil.example", "[::2]:80", "10.0.0.1"]
)
def test_a_name_that_somebody_points_at_us_is_refused(host: str) -> None:
    """DNS rebinding: his page would read ours."""
    refusal = LOCAL.refusal("/", {"Host": host}, "")
    assert refusal is not None
    assert refusal[0] == 421


def test_a_name_behind_a_proxy_can_be_allowed() -> None:
    """In whatever letters it is asked for."""
    guard = Guard(token=TOKEN, hosts=frozenset({"watch.example"}))
    assert guard.refusal("/healthz", {"Host": "Watch.Example"}, "") is None
    refusal = guard.refusal("/", {"Host": "watch.example"}, "")
    assert refusal is not None
    assert refusal[0] == 401


def test_another_sites_page_may_not_read_ours() -> None:
    """A person may follow a link; a script may not fetch."""
    fetched = {"Host": "localhost", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    refusal = LOCAL.refusal("/stream", fetched, "")
    assert refusal is not None
    assert refusal[0] == 403
    assert LOCAL.refusal("/", fetched | {"Sec-Fetch-Mode": "navigate"}, "") is None


@pytest.mark.parametrize("path", ["/", "/stream", "/metrics", "/anything"])
def test_the_token_is_asked_for_everywhere(path: str) -> None:
    """In a header or as the cookie that was given for it; its wrong forms are none."""
    assert OPEN.refusal(path, {"Authorization": f"Bearer {TOKEN}"}, "") is None
    assert OPEN.refusal(path, {"Authorization": f"bearer  {TOKEN} "}, "") is None
    assert OPEN.refusal(path, {}, OPEN.cookie()) is None
    for header, cookie in (
        ("", ""),
        ("", TOKEN),
        (f"Basic {TOKEN}", ""),
        (TOKEN, ""),
        (f"Bearer {TOKEN}x", ""),
        ("Bearer", "x"),
    ):
        refusal = OPEN.refusal(path, {"Authorization": header}, cookie)
        assert refusal is not None
        assert refusal[0] == 401


def test_what_shows_nothing_needs_no_token() -> None:
    """The files that ship with TG1, and whether the watch lives."""
    assert OPEN.refusal("/healthz", {}, "") is None
    assert OPEN.refusal("/static/page.js", {}, "") is None


def test_without_a_token_nothing_passes_for_one() -> None:
    """An empty header is not the empty token."""
    assert not LOCAL.is_bearer("Bearer ")
    assert not LOCAL.is_cookie("")


def test_the_cookie_does_not_show_the_token() -> None:
    """Nor does the guard's own text."""
    assert TOKEN not in OPEN.cookie()
    assert TOKEN not in repr(OPEN)


@given(st.text(), st.text())
def test_only_the_token_opens(header: str, cookie: str) -> None:
    """Whatever is sent in its place."""
    assert not OPEN.is_bearer(header) or header.split(maxsplit=1)[-1].strip() == TOKEN
    assert not OPEN.is_cookie(cookie) or cookie == OPEN.cookie()


def test_a_host_header_is_read_as_browsers_write_it() -> None:
    """With a port, with brackets, with neither."""
    assert [host_of(text) for text in ("A.example:80", "[::1]:80", "[::1]", "a.example")] == [
        "a.example",
        "::1",
        "::1",
        "a.example",
    ]


def test_the_policy_allows_nothing_but_our_own_files() -> None:
    """No inline script or style, nothing from elsewhere, no frame around it."""
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'; style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_each_refusal_says_why() -> None:
    """To whoever asks by hand, or reads a proxy's log."""
    assert LOCAL.refusal("/", {"Host": "evil.example"}, "") == (
        421,
        "This page is not called 'evil.example'. Ask for localhost, or name the host with --allow-host.",
    )
    fetched = {"Host": "localhost", "Sec-Fetch-Site": "cross-site"}
    assert LOCAL.refusal("/", fetched, "") == (403, "Another site's page may not read this one.")
    assert OPEN.refusal("/", {}, "") == (401, "This page needs its token.")
    assert LOCAL.refusal("/", {}, "") is not None


def test_bytes_that_are_no_text_are_a_wrong_token_like_any() -> None:
    """A header may hold any byte, and none of them is an error of ours."""
    assert not OPEN.is_bearer("Bearer \udcff")
    assert not OPEN.is_cookie("\udcff")


def test_every_token_has_its_own_cookie() -> None:
    """Whoever changes the token puts everybody out."""
    assert OPEN.cookie() == Guard(token=TOKEN).cookie() != Guard(token=TOKEN[::-1]).cookie()


def test_an_odd_host_is_no_host_of_ours() -> None:
    """Two ports, two brackets."""
    assert host_of("localhost:80:90") == "localhost:80"
    assert host_of("[::1]evil]") == "::1"
