"""Run named SQL over named tables."""
