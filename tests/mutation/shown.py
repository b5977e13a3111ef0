"""`python -m tests.mutation.shown MODULE NAME…` in a copy: what mutmut's faults change, as one JSON object of diffs."""

from __future__ import annotations

import json
import sys

from mutmut.mutation.diff_apply import get_diff_for_mutant

if __name__ == "__main__":
    module, *names = sys.argv[1:]
    print(json.dumps({name: get_diff_for_mutant(name, path=module) for name in names}))
