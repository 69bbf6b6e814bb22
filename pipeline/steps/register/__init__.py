"""Scored people become tiers and ranked registers, and what changed since the last."""
