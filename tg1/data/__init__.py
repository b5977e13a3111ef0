"""Brings real prices to disk and judges them: `tg1 data fetch`, `tg1 data check`."""
