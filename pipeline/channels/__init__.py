"""The outside world: landing folder, CSV files, the register page."""
