"""Runs a function in a process of its own that starts quickly: the slow libraries are imported once and forked.

The fork server holds no thread and no open database, so forking it is safe where forking the tests would not be.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess

PRELOADED = ["great_expectations", "lightgbm", "pandas", "deltalake", "duckdb", "pipeline.steps.night.nightly"]


def start_apart(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """The function at work in another process; its module must be importable by name."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=target, args=arguments)
    process.start()
    return process


def ended(process: ForkServerProcess, *, seconds: int) -> int | None:
    """Wait for it; 0, a positive exit code, or minus the signal that ended it. It is killed when time is up."""
    process.join(timeout=seconds)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    return process.exitcode
