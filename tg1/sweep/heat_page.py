"""The page of a heat map: one file with its script, its data and the words of the table. Nothing is fetched for it."""

from __future__ import annotations

from html import escape
from string import Template
from typing import Any

from tg1.report.library import script
from tg1.report.page import in_script

_PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval';
 style-src 'unsafe-inline'; img-src data: blob:">
<title>$title</title>
<style>
body { margin: 1.5rem; font: 15px/1.5 system-ui, sans-serif; color: #1a1f26; background: #fff; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
p { max-width: 46rem; color: #68707c; margin: .25rem 0; }
#chart, pre { overflow-x: auto; margin: 1rem 0; }
pre { font: 12px/1.5 ui-monospace, monospace; }
</style>
</head>
<body>
<h1>$title</h1>
<p>$hint</p>
<div id="chart" role="img" aria-label="$title"></div>
<noscript><p>The picture needs JavaScript, which this page brings along.</p></noscript>
<pre>$text</pre>
<script>$library</script>
<script type="application/json" id="spec">$spec</script>
<script>
vegaEmbed("#chart", JSON.parse(document.getElementById("spec").textContent), {actions: false, renderer: "svg"})
  .then(() => { document.body.dataset.drawn = "yes"; });
</script>
</body>
</html>
"""
)
_HINT = (
    "Each square is a pair of values. Where other flags have several values, too, it is the mean of all grids with "
    "these two. The frame is around the chosen grid, the best one of the first days. A place among good neighbours is "
    "worth more than a single good square. What is blank was refused by the bot."
)


def heat_page(title: str, spec: dict[str, Any], text: str) -> str:
    """The page as text; every word of the user is escaped."""
    return _PAGE.substitute(title=escape(title), hint=_HINT, text=escape(text), library=script(), spec=in_script(spec))
