"""Hypothesis never judges by the clock here (these machines are shared), and CI draws the same examples every time.

`HYPOTHESIS_PROFILE=explore` draws new ones anywhere. Planted faults need no small example: `mutants` leaves them large.
"""

import os
import signal

from hypothesis import HealthCheck, Phase, settings

settings.register_profile("explore", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("explore"), derandomize=True)
settings.register_profile("mutants", settings.get_profile("ci"), phases=(Phase.explicit, Phase.generate), database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "explore"))

# Whoever runs the tests under nohup would hand an ignored SIGHUP down to every bot that they start.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
