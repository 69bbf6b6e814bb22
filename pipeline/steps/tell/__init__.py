"""What operators are told: status, alerts, the report of a run, the doctor, explanations, measures."""
