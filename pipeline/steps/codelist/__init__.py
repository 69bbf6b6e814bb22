"""Code lists are changed, compared by their effect, and released."""
