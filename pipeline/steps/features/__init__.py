"""Events, facts and features of a person at an index date, from what was known before it."""
