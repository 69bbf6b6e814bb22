"""Features, scores and reasons at several sizes, beside a bare scan and pandas."""
