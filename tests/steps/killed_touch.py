"""Stops a step between one touch of the world and the next, as a kill would: nothing is tidied up, nothing goes on."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import deltalake
from sqlalchemy import Engine, event

from pipeline.store import keys as key_store


class Killed(BaseException):
    """Stands for a process that ends between one touch of the world and the next."""


@contextmanager
def killed_at(nth: int) -> Iterator[list[str]]:
    """Raise just before the nth touch; every touch is listed by its kind."""
    touches: list[str] = []

    def before(kind: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def touching(*arguments: Any, **options: Any) -> Any:
            told(kind)
            return original(*arguments, **options)

        return touching

    def told(kind: str) -> None:
        touches.append(kind)
        if len(touches) == nth:
            raise Killed

    def committing(connection: Any) -> None:
        told("vault commit" if connection.engine.url.database.endswith("vault.db") else "ledger commit")

    table = deltalake.DeltaTable
    event.listen(Engine, "commit", committing)
    try:
        with (
            patch.object(deltalake, "write_deltalake", before("table commit", deltalake.write_deltalake)),
            patch.object(table, "delete", before("table delete", table.delete)),
            patch.object(table, "vacuum", before("table vacuum", table.vacuum)),
            patch.object(os, "fsync", before("sync", os.fsync)),
            patch.object(Path, "replace", before("replace", Path.replace)),
            patch.object(Path, "unlink", before("unlink", Path.unlink)),
            patch.object(key_store.shutil, "rmtree", before("remove tree", shutil.rmtree)),
        ):
            yield touches
    finally:
        event.remove(Engine, "commit", committing)
