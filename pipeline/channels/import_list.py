"""The people of a practice's register as lists that other systems take: NHS number and birth date, nothing else.

Columns, form and the most people a file may hold: expectations/outputs/import_list.yml, which names its source.
"""

import re

from pipeline.channels.register_files import Cell, csv_cell, register_file_name
from pipeline.contracts.register import PracticePack
from pipeline.contracts.register_dictionary import import_list_contract

MOST_PEOPLE = 250
_NAME = re.compile(r"RISKREG_[A-Z0-9]+_[0-9]{8}_r[0-9]+_list_[0-9]{2,}\.csv")


def import_lists(pack: PracticePack) -> dict[str, bytes]:
    """Files by name, everybody of the register in its order; none for an empty register."""
    starts = range(0, len(pack.people), MOST_PEOPLE)
    return {
        list_file_name(pack, number): _content(pack, slice(start, start + MOST_PEOPLE))
        for number, start in enumerate(starts, start=1)
    }


def list_file_name(pack: PracticePack, number: int) -> str:
    """The register's name with `_list_01` and on before its ending."""
    return register_file_name(pack, "csv").removesuffix(".csv") + f"_list_{number:02}.csv"


def is_import_list(name: str) -> bool:
    """Whether a file of a pack is one of these, by its name."""
    return _NAME.fullmatch(name) is not None


def _content(pack: PracticePack, part: slice) -> bytes:
    columns = import_list_contract().columns
    lines = [[column.name for column in columns]]
    for person in pack.people[part]:
        values: tuple[Cell, ...] = (person.nhs_number, person.birth_date)
        lines.append([csv_cell(column, value) for column, value in zip(columns, values, strict=True)])
    return "".join(",".join(line) + "\r\n" for line in lines).encode("ascii")
