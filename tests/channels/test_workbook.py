"""The workbook, read back with another library: the same cells as the CSV, no formula, the right drop-downs."""

import csv
import io
import warnings
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from invented_packs import empty_pack, practice_pack
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries

from pipeline.channels.page_answers import is_without_contact
from pipeline.channels.register_files import practice_csv
from pipeline.channels.returned_file import read_returned
from pipeline.channels.workbook import register_workbook
from pipeline.channels.workbook_back import read_back
from pipeline.channels.workbook_register import NOMINATION_ROWS, shortened
from pipeline.contracts.answers import KEY_COLUMNS, NOMINATION_COLUMNS, NOMINATIONS_SHEET, REGISTER_SHEET
from pipeline.contracts.correction import Correction, Moved, Recalled
from pipeline.contracts.register_dictionary import practice_contract
from pipeline.contracts.register_workbook import register_columns, workbook_contract
from pipeline.errors import ContractError

PACK = practice_pack(30, kept=3)


def opened(content: bytes) -> Any:
    with warnings.catch_warnings():
        # Bars with an edge are an extension that openpyxl leaves out when it reads.
        warnings.filterwarnings("ignore", message=".*[Ee]xtension is not supported")
        return load_workbook(io.BytesIO(content))


@pytest.fixture(scope="module")
def book() -> Any:
    return opened(register_workbook(PACK))


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_sheets_are_those_declared_changes_first_and_the_lists_hidden(book: Any) -> None:
    declared = [one.sheet for one in workbook_contract().sheets]
    assert book.sheetnames == [*declared, "Lists"] and book.sheetnames[0] == "Changes"
    assert [book[name].sheet_state for name in book.sheetnames] == ["visible"] * len(declared) + ["hidden"]
    assert {REGISTER_SHEET, NOMINATIONS_SHEET} <= set(declared)
    assert not any(sheet.merged_cells.ranges or sheet.protection.sheet for sheet in book)


def test_no_cell_is_a_formula_and_nothing_in_it_is_lively() -> None:
    found = read_back(register_workbook(PACK))
    assert (found.formulas, found.lively_parts) == (0, 0)
    with zipfile.ZipFile(io.BytesIO(register_workbook(PACK))) as archive:
        assert not any(b"<f>" in archive.read(name) or b"<f " in archive.read(name) for name in archive.namelist()
                       if name.startswith("xl/worksheets/sheet"))  # fmt: skip
        assert not any("rels" in name and b'TargetMode="External"' in archive.read(name) for name in archive.namelist())


HOSTILE = ('=HYPERLINK("http://example.invalid","x")', "+1+1", "-2+3", "@SUM(1)", "\t=1", "＝1+1", "  =1", "{=1+1}")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_begins_like_a_formula_stays_text_and_stays_so_when_edited(text: str) -> None:
    first = replace(PACK.people[0], family_name=text, reasons=(text,), segment=text)
    sheet = opened(register_workbook(replace(PACK, people=(first, *PACK.people[1:]))))[REGISTER_SHEET]
    heads = [cell.value for cell in sheet[1]]
    for title in ("Family name", "Reason 1", "Need group code"):
        cell = sheet.cell(row=2, column=heads.index(title) + 1)
        assert cell.data_type == "s" and cell.value.strip() == text.strip() and cell.hyperlink is None
        assert cell.quotePrefix or text.startswith("{")


def test_its_cells_say_what_the_csv_says(book: Any) -> None:
    sheet, columns = book[REGISTER_SHEET], register_columns()
    assert [cell.value for cell in sheet[1]] == [column.title for column in columns]
    assert {column.name for column in columns} == {column.name for column in practice_contract().columns}
    for row, told in zip(sheet.iter_rows(min_row=2), rows_of(practice_csv(PACK)), strict=True):
        for cell, column in zip(row, columns, strict=True):
            assert _as_csv(cell.value, column.type, column.values, column.answer) == told[column.name], column.name


def _as_csv(value: object, kind: str, values: tuple[str, ...], is_answer: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    text = f"{value:.1f}" if kind == "decimal" else str(value)
    if kind == "nhs_number":
        return text.replace(" ", "")
    return text.lower().replace(" ", "_") if values and kind == "code" and not is_answer else text


def test_kinds_are_kept_so_that_numbers_and_days_sort(book: Any) -> None:
    sheet = book[REGISTER_SHEET]
    first = {column.name: cell for column, cell in zip(register_columns(), sheet[2], strict=True)}
    assert first["nhs_number"].value == "999 000 0018" and first["nhs_number"].data_type == "s"
    assert first["birth_date"].is_date and first["birth_date"].number_format == "dd/mm/yyyy"
    assert isinstance(first["rank"].value, int) and isinstance(first["risk_pct"].value, float | int)
    assert first["change"].value == "New" and first["listing"].value == "By rank"


def test_headings_and_names_stay_in_sight_everything_filters_and_what_is_constant_is_folded(book: Any) -> None:
    sheet, columns = book[REGISTER_SHEET], register_columns()
    last = get_column_letter(len(columns))
    assert sheet.freeze_panes == "D2" and [column.name for column in columns[:3]][0] == "nhs_number"
    assert sheet.auto_filter.ref == f"A1:{last}{1 + len(PACK.people)}"
    folded = {column.name for place, column in enumerate(columns, 1) if _is_hidden(sheet, place)}
    assert folded == set(workbook_contract().folded)
    told = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    for place, column in enumerate(columns):
        # Else a sort that leaves hidden columns behind would mix people up.
        assert column.name not in folded or len({row[place] for row in told}) == 1
    # What an answer is known by stands in every row.
    for name in KEY_COLUMNS:
        place = [column.name for column in columns].index(name)
        assert all(row[place] for row in told)


def _is_hidden(sheet: Any, place: int) -> bool:
    return any(one.hidden and one.min <= place <= one.max for one in sheet.column_dimensions.values())


def test_answers_are_chosen_from_the_declared_words_in_exactly_their_rows(book: Any) -> None:
    sheet, columns = book[REGISTER_SHEET], register_columns()
    found = {}
    for one in sheet.data_validations.dataValidation:
        left, top, right, bottom = range_boundaries(str(one.sqref))
        assert left == right and (top, bottom) == (2, 1 + len(PACK.people))
        found[columns[left - 1].name] = one
    assert set(found) == {column.name for column in columns if column.answer}
    for column in (column for column in columns if column.answer):
        one = found[column.name]
        assert one.showInputMessage and one.showErrorMessage and one.prompt and one.error and one.promptTitle
        assert one.type == ("list" if column.values else "date" if column.type == "date" else "textLength")
        assert one.errorStyle in (None, "stop")
        if column.values:
            assert _named(book, one.formula1) == list(column.values)


def _named(book: Any, name: str) -> list[str]:
    ((title, cells),) = book.defined_names[name].destinations
    return [cell.value for row in book[title][cells.replace("$", "")] for cell in row]


def test_risks_have_bars_on_one_scale(book: Any) -> None:
    content = register_workbook(PACK)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
    place = get_column_letter([column.name for column in register_columns()].index("risk_pct") + 1)
    assert f"<xm:sqref>{place}2:{place}{1 + len(PACK.people)}</xm:sqref>" in sheet
    assert '<cfvo type="num" val="0"/><cfvo type="num" val="100"/>' in sheet


def test_it_prints_on_a4_across_with_its_headings_and_marking(book: Any) -> None:
    for name in book.sheetnames[:-1]:
        sheet = book[name]
        assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight in (0, "0")
        assert "OFFICIAL-SENSITIVE" in sheet.oddFooter.left.text
    sheet = book[REGISTER_SHEET]
    assert sheet.print_title_rows == "$1:$1"
    contract = workbook_contract()
    last = get_column_letter(len(contract.kept_in_sight) + len(contract.printed))
    assert sheet.print_area == f"'Register'!$A$1:${last}${1 + len(PACK.people)}"


def test_a_computer_reads_run_practice_and_day_in_its_properties(book: Any) -> None:
    told = {one.name: one.value for one in book.custom_doc_props.props}
    assert told["run_key"] == PACK.run_key and told["practice_code"] == "F83999" and told["as_of"] == "2026-11-22"
    assert told["edition_number"] == "2" and told["model_id"] == PACK.model_id
    assert book.properties.created.isoformat() == "2026-11-23T00:00:00"


def test_changes_name_who_is_new_rising_and_left_and_why(book: Any) -> None:
    rows = [[cell.value for cell in row] for row in book["Changes"].iter_rows()]
    head = next(number for number, row in enumerate(rows) if row[0] == "What changed")
    told = [row for row in rows[head + 1 :] if row[0]]
    kinds = [row[0] for row in told]
    due = ["Discharged, no contact yet", "Care plan overdue", "In hospital"]
    order = [*due, "New", "Returned", "Joined", "Rising", "Left the list"]
    assert [kind.split(" (")[0] for kind in kinds] == sorted((kind.split(" (")[0] for kind in kinds), key=order.index)
    # Nobody stands there twice, and whoever waits for a contact stands first, the longest ago first.
    assert len({row[1] or row[2] for row in told}) == len(told)
    waiting = [person for person in PACK.people if is_without_contact(PACK, person)]
    waiting.sort(key=lambda person: (person.discharged_on, person.rank))
    assert [row[4] for row in told if row[0].startswith(due[0])] == [person.rank for person in waiting] != []
    followed = {row[4] for row in told if row[0].split(" (")[0] in due}
    for change in ("new", "returned", "rising"):
        expected = [person.rank for person in PACK.people if person.change == change and person.rank not in followed]
        assert [row[4] for row in told if row[0] == change.capitalize()] == expected
    left = [(row[2], row[8]) for row in told if row[0] == "Left the list"]
    assert left[0] == ("HOLLOWAY, Bertram", "Died") and len(left) == len(PACK.left)
    above = " ".join(str(row[0]) for row in rows[:head])
    assert f"discharged, no contact yet {len(waiting)}" in above and any(
        "Since last time: " in str(row[8]) for row in told
    )
    assert "4 left" in above and "may not be named here" in above and "FICTITIOUS" in above


def test_a_first_edition_and_an_empty_one_say_so() -> None:
    book = opened(register_workbook(empty_pack()))
    assert book[REGISTER_SHEET].max_row == 1 and not book[REGISTER_SHEET].data_validations.dataValidation
    text = read_back(register_workbook(empty_pack())).text
    assert "There is no earlier edition to compare with" in text and "Left the list" not in text


def test_nominations_have_room_and_guard_against_slips(book: Any) -> None:
    sheet = book[NOMINATIONS_SHEET]
    assert [cell.value for cell in sheet[1]] == [title for _, title, _ in NOMINATION_COLUMNS]
    assert all(cell.value is None for row in sheet.iter_rows(min_row=2) for cell in row)
    found = {str(one.sqref): one.type for one in sheet.data_validations.dataValidation}
    assert found == {
        f"{letter}2:{letter}{1 + NOMINATION_ROWS}": kind
        for letter, kind in zip("ABCD", ("textLength", "date", "textLength", "textLength"), strict=True)
    }
    assert sheet["A2"].number_format == "@" and sheet["B2"].number_format == "dd/mm/yyyy"


def test_about_says_what_it_is_where_the_facts_come_from_and_how_to_answer(book: Any) -> None:
    told = {row[0].value: row[1].value for row in book["About"].iter_rows() if row[0].value}
    for head in ("What it is", "Marking", "FICTITIOUS", "Answer", "Nominate", "Send it back", "Not on it is not safe"):
        assert told[head]
    assert "Used for the risk, shown here. Taken in as expected (newest event up to the day;" in told["GP record"]
    assert "Not used for the risk, not shown here." in told["Community services"]
    assert told["The model"].endswith(PACK.model_says) and "too few to say" in told["People like these: Highest"]
    assert "58 of 100 were admitted (140 tested" in told["People like these: Very high"]


def test_the_columns_are_explained_in_the_words_of_the_dictionary(book: Any) -> None:
    rows = [[cell.value for cell in row] for row in book["Columns"].iter_rows(min_row=2)]
    assert [(row[0], row[1], row[4]) for row in rows] == [(c.title, c.meaning, c.name) for c in register_columns()]
    assert {row[4] for row in rows if row[3] == "you"} == {c.name for c in register_columns() if c.answer}


def test_a_corrected_edition_says_what_it_replaces_why_and_who_differs() -> None:
    first, gone = PACK.people[0], Moved(nhs_number="9990009132", name="OLD, Ann", rank_before=4, rank=None)
    found = Correction(
        replaces="practice.F83999.2026-11-22.r1", reason="a ward was missing.", added=(first.nhs_number,), gone=(gone,),
        gone_other=1, moved=(),
    )  # fmt: skip
    recalled = Recalled(
        edition_id="practice.F83999.2026-11-15.r1",
        as_of=date(2026, 11, 15),
        recalled_on=date(2026, 11, 17),
        reason="mixed",
    )
    changes = {"revision": 2, "supersedes": found.replaces, "correction": found, "recalled": (recalled,)}
    rows = [[cell.value for cell in row] for row in opened(register_workbook(replace(PACK, **changes)))["Changes"]]
    text = " ".join(str(row[0]) for row in rows)
    assert (
        "It replaces practice.F83999.2026-11-22.r1" in text and "Why: a ward was missing. Against it 1 people" in text
    )
    assert "2 are gone, and 0 have another rank" in text
    assert "The edition of 15 November 2026 was taken back on 17 November 2026. Why: mixed." in text
    told = {(row[0], row[1]) for row in rows if str(row[0]).startswith("Corrected: ")}
    assert told == {("Corrected: added", "999 000 0018"), ("Corrected: gone", "999 000 9132")}


def test_what_we_send_is_what_we_read_back(book: Any) -> None:
    """As it came, and with an answer saved by another library: nothing of ours looks like an attack to our reader."""
    as_sent = read_returned(register_workbook(PACK), file_name="RISKREG_F83999_20261122_r1.xlsx")
    at = [cell.value for cell in book[REGISTER_SHEET][1]].index("YOUR ANSWER: status") + 1
    book[REGISTER_SHEET].cell(2, at).value = "done"
    out = io.BytesIO()
    book.save(out)
    answered = read_returned(out.getvalue(), file_name="Copy of the register.xlsx")
    for returned in (as_sent, answered):
        numbers = [row.cells["nhs_number"].replace(" ", "") for row in returned.rows]
        assert numbers == [person.nhs_number for person in PACK.people] and not returned.nominations
    expected = as_sent.rows[0].cells | {"status": "done"}
    assert answered.rows[0].cells == expected and answered.rows[1:] == as_sent.rows[1:]


def test_the_same_pack_makes_the_same_bytes_whatever_its_order() -> None:
    shuffled = replace(PACK, people=PACK.people[::-1], left=PACK.left[::-1])
    assert register_workbook(PACK) == register_workbook(shuffled)
    assert register_workbook(PACK) != register_workbook(replace(PACK, run_key="0000000000000000"))


def test_a_value_of_another_kind_and_a_text_that_fits_no_cell_are_refused() -> None:
    for change in ({"age_years": "88"}, {"risk_score": Decimal("0.5"), "family_name": "x" * 32_768}):
        pack = replace(PACK, people=(replace(PACK.people[0], **change), *PACK.people[1:]))
        with pytest.raises(ContractError) as caught:
            register_workbook(pack)
        assert "88" not in str(caught.value) and "xxx" not in str(caught.value)


def test_a_message_is_cut_at_the_end_of_a_sentence() -> None:
    assert shortened("Short.") == "Short."
    assert shortened("A sentence. " * 30).endswith("A sentence.") and len(shortened("A sentence. " * 30)) <= 255
    with pytest.raises(ContractError, match="has 300 characters"):
        shortened("x" * 300)
