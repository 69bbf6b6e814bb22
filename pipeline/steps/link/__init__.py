"""Rows find their people: identity to pseudonym, once, with the rates that tell when it goes wrong."""
