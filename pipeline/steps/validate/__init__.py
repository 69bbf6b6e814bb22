"""A delivery is judged: rows kept or set apart, a verdict, a report for the supplier, a person's overrule."""
