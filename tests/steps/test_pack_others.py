"""The last check reads the workbook and the import lists too: nobody of elsewhere, nobody who dissents, nobody else.

The workbooks here are made by another library than ours, so that the check cannot lean on how ours are made.
"""

import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest
from small_home import ANN, BEN, CAT, DISSENT, PRACTICE, csv_of, deliver, entry, patient, small_context
from test_publish import GOOD, a_run, bury, row, sealed

from pipeline.channels.page_text import spaced_nhs_number
from pipeline.contracts.settings import Settings
from pipeline.errors import ChannelError
from pipeline.rules.nhs_number import spaced
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.steps.publish.pack_check import check_staged, people_in
from pipeline.steps.publish.pack_others import numbers_named

BORN = "1941-03-09"
LIST = "RISKREG_F83671_20261115_r1_list_01.csv"
HEADS = ("NHS number", "Date of birth", "Practice code")


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann and Ben at the practice, Cat at another."""
    context = small_context(home)
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "3", practice_code="F83039")])
    link(context)
    bury(context)
    return context


def a_workbook(numbers: Sequence[str], *, practice: str = PRACTICE, extra: object = None, hidden: str = "") -> bytes:
    """A sheet Register of these people; something extra, and something on a hidden sheet."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Register"
    for line in (HEADS, *((spaced(number), date(1941, 3, 9), practice) for number in numbers)):
        book.active.append(line)
    book.active["Z9"] = extra
    aside = book.create_sheet("Aside")
    aside["A1"] = hidden
    aside.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def a_list(numbers: Sequence[str], *, born: str = "09/03/1941") -> bytes:
    return "".join(f"{line}\r\n" for line in ["NHS number,Date of Birth", *(f"{n},{born}" for n in numbers)]).encode()


def pack(context: Context, folder: Path, **files: bytes) -> Path:
    """A staged pack of Ann and Ben whose other files may be said anew."""
    rows = [one | {"birth_date": BORN} for one in GOOD]
    made = {"RISKREG.csv": csv_of(rows), "RISKREG.html": b"", "RISKREG.xlsx": a_workbook([ANN, BEN])}
    made |= {LIST: a_list([ANN, BEN])} | {name.replace("__", "."): data for name, data in files.items()}
    folder.mkdir(parents=True)
    for name, data in made.items():
        (folder / name).write_bytes(data)
    sealed(context, folder, {"people": 2})
    return folder


def said(context: Context, folder: Path) -> str:
    with pytest.raises(ChannelError) as caught:
        check_staged(context, a_run(context), staged=folder, practice_code=PRACTICE)
    assert not any(number in str(caught.value) for number in (ANN, BEN, CAT))
    return str(caught.value)


def test_a_pack_of_all_its_files_passes_and_people_are_counted_once(context: Context, tmp_path: Path) -> None:
    folder = pack(context, tmp_path / "pack")
    check_staged(context, a_run(context), staged=folder, practice_code=PRACTICE)
    assert len(people_in(context, folder)) == 2


OTHERS = {
    "someone more": [ANN, BEN, CAT],
    "someone else": [ANN, CAT],
    "someone less": [ANN],
    "someone twice": [ANN, BEN, BEN],
    "nobody": [],
}


@pytest.mark.parametrize("who", OTHERS)
def test_a_workbook_of_other_people_blocks_the_pack(context: Context, tmp_path: Path, who: str) -> None:
    folder = pack(context, tmp_path / "pack", RISKREG__xlsx=a_workbook(OTHERS[who]))
    assert "the workbook lists other people than the CSV" in said(context, folder)


@pytest.mark.parametrize("who", OTHERS)
def test_an_import_list_of_other_people_blocks_the_pack(context: Context, tmp_path: Path, who: str) -> None:
    folder = pack(context, tmp_path / "pack", **{LIST.replace(".", "__"): a_list(OTHERS[who])})
    assert "the import lists name other people than the CSV" in said(context, folder)


def test_another_birth_date_order_heading_or_length_of_an_import_list_is_noticed(
    context: Context, tmp_path: Path
) -> None:
    name = LIST.replace(".", "__")
    other = "the import lists name other people than the CSV"
    assert other in said(context, pack(context, tmp_path / "a", **{name: a_list([ANN, BEN], born="03/09/1941")}))
    assert other in said(context, pack(context, tmp_path / "b", **{name: a_list([BEN, ANN])}))
    heads = a_list([ANN, BEN]).replace(b"NHS number", b"NHSNumber")
    assert "under its headings" in said(context, pack(context, tmp_path / "c", **{name: heads}))
    assert "at most 250 people" in said(context, pack(context, tmp_path / "d", **{name: a_list([ANN] * 251)}))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: a_workbook([ANN, BEN], extra="=1+1"), "1 formulas stand in the workbook"),
        (lambda: a_workbook([ANN, BEN], hidden="=HYPERLINK(1)"), "1 formulas stand in the workbook"),
        (lambda: with_part("xl/vbaProject.bin"), "1 parts of the workbook are more than sheets"),
        (lambda: with_part("xl/externalLinks/externalLink1.xml"), "1 parts of the workbook are more than sheets"),
        (lambda: a_workbook([ANN, BEN], practice="F83039"), "2 rows of the workbook carry another practice's code"),
        (lambda: b"PK", "the workbook cannot be opened"),
    ],
    ids=["formula", "hidden formula", "macro", "link", "another code", "no workbook"],
)
def test_a_workbook_that_would_run_something_blocks_the_pack(
    context: Context, tmp_path: Path, made: Callable[[], bytes], says: str
) -> None:
    assert says in said(context, pack(context, tmp_path / "pack", RISKREG__xlsx=made()))


def with_part(name: str) -> bytes:
    import zipfile

    out = io.BytesIO(a_workbook([ANN, BEN]))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, b"x")
    return out.getvalue()


@pytest.mark.parametrize("shown", [str, spaced, spaced_nhs_number], ids=["digits", "spaced", "as our page does"])
def test_a_stranger_anywhere_in_page_or_workbook_blocks_the_pack(
    context: Context, tmp_path: Path, shown: Callable[[str], str]
) -> None:
    """As it is written for reading, with spaces that do not break a line, too; on a hidden sheet, too."""
    page = f"<td>{shown(CAT)}</td>".encode()
    told = said(context, pack(context, tmp_path / "a", RISKREG__html=page))
    assert "1 people on the page are not patients of the practice" in told
    book = a_workbook([ANN, BEN], hidden=f"see {shown(CAT)}.")
    told = said(context, pack(context, tmp_path / "b", RISKREG__xlsx=book))
    assert "1 people in the workbook are not patients of the practice" in told


def test_who_left_and_then_dissented_blocks_the_workbook(context: Context, tmp_path: Path) -> None:
    """Ann alone is listed; the workbook's changes name Ben."""
    files = {"RISKREG__csv": csv_of([row(ANN) | {"birth_date": BORN}]), LIST.replace(".", "__"): a_list([ANN])}
    folder = pack(context, tmp_path / "pack", **files, RISKREG__xlsx=a_workbook([ANN], hidden=spaced(BEN)))
    sealed_again(context, folder, people=1)
    check_staged(context, a_run(context), staged=folder, practice_code=PRACTICE)
    deliver(context, "gp_event", [entry(BEN, "O-2", DISSENT)], at="2026-11-16T03:00:00")
    assert "1 people in the workbook have opted out" in said(context, folder)


def sealed_again(context: Context, folder: Path, *, people: int) -> None:
    from pipeline.channels.folder import MANIFEST, SIGNATURE

    for name in (MANIFEST, SIGNATURE):
        (folder / name).unlink()
    sealed(context, folder, {"people": people})


def test_the_digits_of_a_runs_own_name_are_nobodys_number(tmp_path: Path) -> None:
    """A run key is a digest: one in some thousands holds ten digits that are a valid NHS number by chance."""
    run_key = "b5001418887b3788"
    (tmp_path / "a.html").write_text(f"<p>Run {run_key}, 999 000 0018</p>", encoding="utf-8")
    assert numbers_named(tmp_path, names=[run_key]) == {"on the page": {"9990000018"}}
    assert "5001418887" in numbers_named(tmp_path, names=[])["on the page"]
