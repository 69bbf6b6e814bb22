"""Invented people for the demo and the tests. Knows nothing of features, SQL or models."""
