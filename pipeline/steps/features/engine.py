"""The engine that a step works with where all rows of a region may be sorted."""

from pipeline.engines.embedded import Engine
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout


def engine_of(context: Context) -> Engine:
    """An engine with the threads and memory of the settings.

    What needs more memory than that, as sorting everyone's rows may, lies in the pseudonymised zone while it is open.
    """
    settings = context.settings
    spill = layout.spill(settings.home)
    return Engine(threads=settings.threads, memory_limit=settings.memory_limit, spill_folder=str(spill))
