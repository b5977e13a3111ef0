"""One look over all bots of a machine: alerts, a page, metrics. It reads and changes nothing of theirs."""
