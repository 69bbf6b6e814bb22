"""Writes a region for tests of this room, in the formats the project's contracts declare."""

from datetime import date
from pathlib import Path

from pipeline.contracts.extract import load_extracts
from pipeline.synthetic.synthesise import synthesise

AS_OF = date(2026, 11, 15)


def write_region(out: Path, *, people: int, seed: int, weeks: int = 1, oracle_replays: int = 0) -> None:
    """A region as of the demo's first night."""
    contracts = load_extracts(Path())
    synthesise(
        out, people=people, seed=seed, as_of=AS_OF, contracts=contracts, weeks=weeks, oracle_replays=oracle_replays
    )
