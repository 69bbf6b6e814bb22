"""What a night is held against: churn, drift, outcomes, sources; and what of it is told."""
