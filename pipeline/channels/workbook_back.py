"""What stands in a workbook of ours, read back from its bytes with another library than the one that wrote it."""

import io
import warnings
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipeline.contracts.answers import REGISTER_SHEET

# Parts of a workbook that do something, or lead elsewhere: ours has none.
_LIVELY = ("vbaproject", "externallink", "connections", "activex", "embeddings", "oleobject", "querytable", "customui")


@dataclass(frozen=True)
class ReadBack:
    """All its text, how many formulas and lively parts it has, and the rows of its register by heading."""

    text: str
    formulas: int
    lively_parts: int
    register: list[dict[str, str]]


def read_back(content: bytes) -> ReadBack:
    """Read every cell of every sheet, hidden ones too; raises ValueError when it is no workbook."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            lively = sum(any(part in name.lower() for part in _LIVELY) for name in archive.namelist())
        with warnings.catch_warnings():
            # Bars behind risks are an extension that openpyxl leaves out; it says so each time.
            warnings.filterwarnings("ignore", message=".*xtension is not supported", module="openpyxl")
            return _read(load_workbook(io.BytesIO(content), read_only=True), lively)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise ValueError("not a workbook") from error


def _read(book: Any, lively: int) -> ReadBack:
    texts, formulas, register = [], 0, list[list[str]]()
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            formulas += sum(cell.data_type == "f" for cell in row)
            cells = [_as_text(cell.value) for cell in row]
            texts += cells
            if sheet.title == REGISTER_SHEET:
                register.append(cells)
    book.close()
    heads = register[0] if register else []
    rows = [dict(zip(heads, cells, strict=False)) for cells in register[1:] if any(cells)]
    return ReadBack("\n".join(texts), formulas, lively, rows)


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)
