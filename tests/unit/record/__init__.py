"""Tests of `tg1.record`."""
