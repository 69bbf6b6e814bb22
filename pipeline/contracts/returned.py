"""Why a file that came back from a practice is refused, or a row of it rejected; how large it may be; and its rows.

Every rule has a code, a sentence that the practice reads, and what to do. No message holds a value: places are the
row numbers a spreadsheet shows, and the names of columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.contracts.receipt import RefusedByRule

# Of the file, its parts unpacked, any part but a sheet, rows of answers and of nominations, rows a sheet may claim.
MOST_BYTES, MOST_UNPACKED, MOST_OTHER_PART = 8 * 2**20, 48 * 2**20, 4 * 2**20
MOST_ROWS, MOST_NOMINATIONS, MOST_SHEET_ROWS = 5_000, 200, 20_000
MOST_COLUMNS, LONGEST_CELL = 200, 4_000

# A returned file is refused whole under one of these: (what the practice reads, what to do next).
FILE_RULES = {
    "BACK-001": ("The file is larger than a register can be", "send the register itself, nothing added to it"),
    "BACK-002": ("The file is of a kind that is not taken", "save it as .xlsx or .csv and send that"),
    "BACK-003": ("The file is damaged", "save it again and send it again"),
    "BACK-004": ("The file holds formulas, macros or other active content", "keep the values alone and save as .xlsx"),
    "BACK-005": ("The workbook refers to other files or data sources", "break the links and save it again"),
    "BACK-006": ("The file unpacks to far more than its own size", "save it again from the register we sent"),
    "BACK-007": ("The file has more rows than a register can have", "send the register itself, nothing added to it"),
    "BACK-008": (
        "The columns are not those of the register",
        "put the headings back as they were; columns may be left out, but none may be renamed or added",
    ),
    "BACK-009": ("The sheet has merged cells, so rows cannot be told apart", "take the merging away and send it again"),
    "BACK-010": ("The file is of another practice", "send each practice's own file from that practice"),
    "BACK-011": (
        "The run on the rows is none whose register was sent to this practice",
        "answer in a register we sent",
    ),
    "BACK-012": (
        "The register that was answered is too old",
        "answer in the newest one: it shows what was said so far",
    ),
    "BACK-013": ("The rows are of more than one register", "send each register's rows in a file of their own"),
    "BACK-014": ("The workbook has no sheet of that name", "answer in the workbook we sent"),
    "BACK-015": ("The file is protected by a password", "send it without; it is kept encrypted here"),
    "BACK-016": ("The text of the file cannot be read", "save it as CSV (UTF-8, comma separated), or as .xlsx"),
    "BACK-017": (
        "Numbers, birth dates and practice keys of many rows do not belong together",
        "it looks as if columns were sorted apart: answer in a fresh copy of the register",
    ),
    "BACK-018": ("There is no row in the file", "send the register with your answers in it"),
}

# A row is left out under one of these; the others of the file count.
ROW_RULES = {
    "ROW-001": ("The NHS number is not ten digits with a right check digit", "put the number back as it was"),
    "ROW-002": ("NHS number and practice key do not belong together", "put number and key back as they were"),
    "ROW-003": ("The birth date is not the one we know", "check number and birth date"),
    "ROW-004": ("The person is not on the register that was answered", "nominate people in rows of their own"),
    "ROW-005": (
        "The person is not known as your patient any more",
        "nothing: the next register says what became of them",
    ),
    "ROW-006": ("The word is not one of the list", "choose from the list that the column shows"),
    "ROW-007": ("The date cannot be read", "write it as 2026-11-24 or 24/11/2026"),
    "ROW-008": (
        "The date cannot be right",
        "give a day that has been for what was done, and one ahead for what is planned",
    ),
    "ROW-009": (
        "The text is too long, or begins as a formula does",
        "say it in fewer words, and not with = or @ first",
    ),
    "ROW-010": ("Not suitable needs a reason, and other needs a note", "choose why, or say it in the note"),
    "ROW-011": ("The person stands in the file twice, with different answers", "leave one of the rows"),
    "ROW-012": (
        "Nobody of this number and birth date is a patient of yours whom we may use",
        "check both; someone who has opted out, or whose record has not reached us, cannot be nominated",
    ),
    "ROW-013": ("The person is on the register already", "answer in their own row"),
    "ROW-014": ("The person is not an adult", "children are not on this register"),
    "ROW-015": ("A cell has lost what it should say", "format the column as text and type it again"),
}


@dataclass(frozen=True)
class ReturnedRow:
    """One row as it came: the number a spreadsheet shows, and text by column name; None is a cell that says nothing
    any more (an error, or a number too long for a spreadsheet to keep)."""

    number: int
    cells: Mapping[str, str | None]


@dataclass(frozen=True)
class Returned:
    """A returned file: rows of the register, rows that nominate somebody, and what to note."""

    rows: tuple[ReturnedRow, ...]
    nominations: tuple[ReturnedRow, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Rejected:
    """A row that is left out, under which rule, and in which column if one is to blame."""

    number: int
    code: str
    column: str = ""
    is_nomination: bool = False


def refused(code: str, *, where: str) -> RefusedByRule:
    """The refusal of a returned file under one of FILE_RULES."""
    says, next_step = FILE_RULES[code]
    return RefusedByRule(says, where=where, next_step=next_step, code=code)
