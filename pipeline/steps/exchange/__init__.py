"""Packs leave and messages arrive, by folder or MESH."""
