"""A file that a practice sent back, as rows of text: whatever is wrong with it as a file refuses it whole.

Nothing in it is trusted: not its name, its sizes, its sheets, its headings. Which people the rows are about and what
the answers mean is not looked at here.
"""

import io

from pipeline.channels.landing_container import Limits, open_file
from pipeline.channels.returned_csv import csv_rows
from pipeline.channels.returned_workbook import workbook_rows
from pipeline.contracts.receipt import RefusedByRule
from pipeline.contracts.returned import MOST_BYTES, MOST_UNPACKED, Returned, refused

ENDINGS = {".xlsx": "xlsx", ".csv": "csv"}
# What the checks of landed files find, in words for a practice.
_OURS = {
    "FILE-007": "BACK-001",
    "FILE-008": "BACK-003",
    "FILE-015": "BACK-002",
    "FILE-016": "BACK-002",
    "FILE-017": "BACK-006",
    "FILE-021": "BACK-004",
    "FILE-029": "BACK-015",
}
LIMITS = Limits(
    landed=MOST_BYTES, unpacked=MOST_UNPACKED, ratio=100, ratio_from=4 * 2**20, line=2**20, shared_texts=16 * 2**20
)


def read_returned(content: bytes, *, file_name: str) -> Returned:
    """The rows of a returned .xlsx or .csv, by the last part of its name; raises RefusedByRule (BACK-001 to BACK-018).

    No message holds the name or anything from inside the file.
    """
    kind = next((kind for ending, kind in ENDINGS.items() if file_name.lower().endswith(ending)), None)
    if len(content) > MOST_BYTES:
        raise refused("BACK-001", where=f"more than {MOST_BYTES:,} bytes")
    if file_name.lower().endswith((".xlsm", ".xltm", ".xlsb", ".xlam", ".xls")):
        raise refused("BACK-004", where="a kind of workbook that can hold macros")
    if kind is None:
        raise refused("BACK-002", where="the end of its name")
    _check_container(content, kind=kind)
    returned = workbook_rows(content) if kind == "xlsx" else csv_rows(content)
    if not returned.rows and not returned.nominations:
        raise refused("BACK-018", where="below the headings")
    return returned


def _check_container(content: bytes, *, kind: str) -> None:
    code = where = None
    try:
        open_file(io.BytesIO(content), file_name=f"returned.{kind}", where="the file", limits=LIMITS)
    except RefusedByRule as found:
        code, where = _OURS.get(found.code, "BACK-003"), found.where
    if code is not None:
        raise refused(code, where=str(where))
