"""The plotting library's own script, for pages that must work without a network."""

from __future__ import annotations

from functools import cache

import vl_convert

_SET = "window.vegaEmbed = vegaEmbed;"


@cache
def script() -> str:
    """Vega, Vega-Lite and vega-embed as one script that sets `vegaEmbed`; making it takes a second and a half."""
    return str(vl_convert.javascript_bundle(_SET))
