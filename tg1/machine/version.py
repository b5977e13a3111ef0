"""Which TG1 this is, as it was installed."""

from __future__ import annotations


def tg1_version() -> str:
    """E.g. "1.2.3"; words for a checkout that is not installed. Reads packages' metadata, so not on a start's way."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  # 10 ms that few need

    try:
        return version("tg1")
    except PackageNotFoundError:
        return "(a checkout that is not installed)"
