"""Counts what a step does to the world at the border of the libraries: table commits, SQL commits, syncs, renames.

`watched` calls back just before each of them with the step that is active, found by walking the stack. It changes
nothing by itself; the night that is to be killed kills itself in the callback.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from unittest.mock import patch

import deltalake
from sqlalchemy import Engine, event

STEPS = ("receive", "validate", "link", "events", "features", "score", "segment", "register", "watch", "publish")
# A step of these keeps what it had finished when it is started again; the others begin anew.
KEEPS_PROGRESS = frozenset({"receive", "validate", "link", "events", "publish"})


@contextmanager
def watched(callback: Callable[[str, str], None]) -> Iterator[None]:
    """Call back with step and kind just before every touch of the world made inside a step."""

    def told(kind: str) -> None:
        step = active_step(sys._getframe(2))
        if step is not None:
            callback(step, kind)

    def before(kind: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def touching(*arguments: Any, **options: Any) -> Any:
            told(kind)
            return original(*arguments, **options)

        return touching

    def committing(connection: object) -> None:
        told("sql commit")

    table = deltalake.DeltaTable
    event.listen(Engine, "commit", committing)
    try:
        with (
            patch.object(deltalake, "write_deltalake", before("table commit", deltalake.write_deltalake)),
            patch.object(table, "delete", before("table delete", table.delete)),
            patch.object(table, "vacuum", before("table vacuum", table.vacuum)),
            patch.object(os, "fsync", before("sync", os.fsync)),
            patch.object(os, "rename", before("rename", os.rename)),
            patch.object(os, "replace", before("replace", os.replace)),
        ):
            yield
    finally:
        event.remove(Engine, "commit", committing)


def active_step(frame: FrameType | None) -> str | None:
    """The step this frame works for: the outermost one on the stack, since later steps borrow from earlier ones.

    The records of a stage that `nightly` writes before and after it belong to the stage.
    """
    found = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == "pipeline.steps.night.nightly" and frame.f_code.co_name == "run_stage":
            found = str(frame.f_locals["name"])
        elif module.startswith("pipeline.steps.") and module.rpartition(".")[2] in STEPS:
            found = module.rpartition(".")[2]
        frame = frame.f_back
    return found
