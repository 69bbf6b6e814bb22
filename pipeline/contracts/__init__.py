"""Declarations (YAML, environment) as frozen objects, with errors that say precisely what is wrong in them."""
