"""England's bank holidays, read from reference/public_holiday.csv. Source and years: reference/README.md."""

import csv
from datetime import date
from functools import cache
from pathlib import Path

from pipeline.errors import ContractError

FILE = "public_holiday.csv"


@cache
def load_holidays(project: Path) -> frozenset[date]:
    """Every bank holiday the file names; raises ContractError when it is missing or a line is no date."""
    path = project / "reference" / FILE
    if not path.is_file():
        raise ContractError("A reference file is missing", where=FILE, next_step="restore it from the repository")
    with path.open(newline="", encoding="utf-8") as handle:
        lines = list(csv.DictReader(handle))
    try:
        return frozenset(date.fromisoformat(line["date"]) for line in lines)
    except (KeyError, ValueError):
        problem = "a line does not begin with a date, or the heading is not date,name"
    raise ContractError("The bank holidays cannot be read", where=f"{FILE}: {problem}", next_step="correct the file")
