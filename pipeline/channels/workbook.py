"""A practice's register as a workbook to work in: changes, everyone, nominations, what it is, what the columns mean.

Written from the same cells as the CSV. No formula, no macro, no link, nothing locked; the same pack always makes the
same bytes, since the only moment in it is that of the index date. Sheets and order: expectations/outputs/workbook.yml.
"""

import io
from datetime import datetime, time
from typing import Any

from pipeline.channels.page_text import MARKING
from pipeline.channels.workbook_about import about_sheet, columns_sheet
from pipeline.channels.workbook_changes import changes_sheet
from pipeline.channels.workbook_look import Styles
from pipeline.channels.workbook_register import lists_sheet, nominations_sheet, register_sheet
from pipeline.contracts.register import PracticePack
from pipeline.contracts.register_dictionary import practice_contract
from pipeline.contracts.register_workbook import workbook_contract

# In memory, since what XlsxWriter would lay aside on disk holds names. Text stays text whatever it looks like.
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def register_workbook(pack: PracticePack) -> bytes:
    """The XLSX file; raises ContractError where a cell cannot hold what the pack says."""
    import xlsxwriter

    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, _OPTIONS)
    _describe(book, pack)
    styles = Styles(book)
    sheets = {one.sheet: book.add_worksheet(one.sheet) for one in workbook_contract().sheets}
    lists_sheet(book, styles)
    changes_sheet(sheets["Changes"], pack, styles)
    register_sheet(sheets["Register"], pack, styles)
    nominations_sheet(sheets["Nominations"], pack, styles)
    about_sheet(sheets["About"], pack, styles)
    columns_sheet(sheets["Columns"], styles)
    for sheet in sheets.values():
        _for_paper(sheet, pack)
    book.close()
    return made.getvalue()


def _describe(book: Any, pack: PracticePack) -> None:
    """Properties that a computer reads: which run, practice and day. Nobody is named in them."""
    book.set_properties(
        {
            "title": f"Register of people at risk, {pack.practice_name}, {pack.as_of.isoformat()}",
            "subject": MARKING,
            "author": "riskstrat",
            "created": datetime.combine(pack.index_date, time()),
        }
    )
    told = {
        "run_key": pack.run_key,
        "practice_code": pack.practice_code,
        "as_of": pack.as_of.isoformat(),
        "edition_number": str(pack.edition_number),
        "revision": str(pack.revision),
        "model_id": pack.model_id,
        "register_contract_version": str(practice_contract().register_contract_version),
    }
    for name, value in told.items():
        book.set_custom_property(name, value, "text")


def _for_paper(sheet: Any, pack: PracticePack) -> None:
    """A4 across, as wide as the paper, marked on every page."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    said = f"{pack.practice_code}, covers up to {pack.as_of:%d/%m/%Y}, r{pack.revision}"
    sheet.set_footer(f"&L&8{MARKING}&C&8{said}&R&8&A, page &P of &N")
