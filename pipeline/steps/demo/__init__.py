"""An invented region, from nothing to two published nights; and what its figures are."""
