"""Risk stratification batch pipeline: extracts in, ranked registers per practice out."""

__version__ = "0.6.0"
