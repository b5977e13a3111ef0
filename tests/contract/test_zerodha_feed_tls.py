"""ZerodhaFeed verifies the certificate of a wss:// server; the bare KiteTicker doesn't (kite.md 0.9)."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.support.fake_kite_ws import FakeKite, eventually
from tg1.errors import ConfigError
from tg1.kite.feed_values import FeedLimits
from tg1.zerodha_feed import ZerodhaFeed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SBIN = 779521


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts by default."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """Its certificate in a file."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def host(request: pytest.FixtureRequest) -> str:
    """The name in the server's certificate."""
    return str(getattr(request, "param", "127.0.0.1"))


@pytest.fixture
def kite(authority: trustme.CA, host: str) -> Iterator[FakeKite]:
    """A wss:// server on 127.0.0.1 with a certificate for `host`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    with FakeKite(tls=context) as server:
        server.prices[SBIN] = 12050
        yield server


def feed_of(server: FakeKite, **parts: Any) -> ZerodhaFeed:
    """A feed on that server."""
    return ZerodhaFeed(
        api_key="aKey0001",
        access_token_source=lambda: "aToken0001",
        monotonic=time.monotonic,
        ws_root=server.root,
        limits=FeedLimits(life_secs=2.0),
        **parts,
    )


def refuses(server: FakeKite, **parts: Any) -> bool:
    """Whether a feed turns the server down, before it has sent any secret."""
    feed = feed_of(server, **parts)
    feed.start({SBIN: "SBIN"})
    try:
        eventually(lambda: "certificate could not be verified" in feed.fault())
    finally:
        feed.stop()
    return server.handshakes == []


def accepts(server: FakeKite, **parts: Any) -> bool:
    """Whether a feed gets a price of the server."""
    feed = feed_of(server, **parts)
    feed.start({SBIN: "SBIN"})
    try:
        return bool(eventually(lambda: feed.quote("SBIN")))
    finally:
        feed.stop()


def test_certificate_of_an_unknown_authority_is_refused(kite: FakeKite) -> None:
    """And the reason is told."""
    assert refuses(kite)


def test_certificate_is_accepted_when_its_authority_is_given(kite: FakeKite, ca_file: Path) -> None:
    """A private authority is no reason for --insecure-tls."""
    assert accepts(kite, ca_file=ca_file)


def test_authority_is_taken_from_the_environment_as_requests_does(
    kite: FakeKite, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REST and websocket trust the same authorities."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    assert accepts(kite)


@pytest.mark.parametrize("host", ["wrong.example"], indirect=True)
def test_certificate_for_another_host_is_refused(kite: FakeKite, ca_file: Path) -> None:
    """A good signature on somebody else's name is worth nothing."""
    assert refuses(kite, ca_file=ca_file)


def test_nothing_is_verified_with_insecure_tls(kite: FakeKite) -> None:
    """Behaviour 11.4."""
    assert accepts(kite, insecure_tls=True)


def test_unusable_certificate_file_is_refused_at_the_start(kite: FakeKite, tmp_path: Path) -> None:
    """A file without a certificate would trust nobody, silently."""
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(ConfigError, match="holds no certificate"):
        feed_of(kite, ca_file=empty).start({SBIN: "SBIN"})
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n")
    with pytest.raises(ConfigError, match="a certificate that can't be read"):
        feed_of(kite, ca_file=broken).start({SBIN: "SBIN"})
    with pytest.raises(ConfigError, match="can't be read"):
        feed_of(kite, ca_file=tmp_path / "none.pem").start({SBIN: "SBIN"})
