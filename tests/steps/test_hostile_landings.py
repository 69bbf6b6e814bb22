"""Broken and hostile landings: each is refused with its reason, nothing else is touched, and good files still go in.

All of them lie in one landing folder at once, as they might on a bad morning.
"""

import gzip
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from landed_files import CONTRACTS, csv_of, receipt_of
from openpyxl import Workbook
from pyarrow import parquet
from small_home import small_context

from pipeline.contracts.settings import read_settings
from pipeline.ledger.deliveries import list_deliveries
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.receive import ReceiveResult, receive
from pipeline.steps.tell.status import status
from pipeline.steps.tell.status_words import told
from pipeline.steps.validate.validate import validate
from pipeline.store import layout

EXTRACT, SENDER = "acute_ecds", "RAL"
CANARY, NUMBER = "CANARYNAME", "9990000018"
HEADERS = CONTRACTS[EXTRACT].headers()
GOOD = csv_of(EXTRACT, [{"nhs_number": NUMBER}])
HEAD = GOOD[: GOOD.index(b"\n") + 1]
ROW = GOOD[len(HEAD) :]
STAMPED = "a stamp that is in use"


@dataclass
class Landing:
    """A folder to land in; each file with a stamp of its own."""

    folder: Path
    landed: int = 0

    def file(self, name: str, data: bytes, *, receipt: bool = True, **changes: object) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        if receipt:
            self.receipt(name, data, **changes)
        return path

    def receipt(self, name: str, data: bytes, **changes: object) -> None:
        self.landed += 1
        at = f"2026-11-{1 + self.landed // 24:02}T{self.landed % 24:02}:00:00Z"
        content = receipt_of(data, extract=EXTRACT, sender=SENDER, rows=1, at=at, changes=changes)
        (self.folder / f"{name}.receipt.json").write_text(json.dumps(content))


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def workbook(*rows: tuple[object, ...], macros: bool = False) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in (HEADERS, *rows):
        book.active.append(list(row))
    book.save(out)
    if macros:
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr("xl/vbaProject.bin", b"x")
    return out.getvalue()


def in_parquet(values: pa.Array) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.table({header: values for header in HEADERS}), out)
    return out.getvalue()


# 70 MB of rows without a single value, which pack to a few hundred KB.
SWOLLEN = HEAD + (b"," * (len(HEADERS) - 1) + b"\n") * (70_000_000 // len(HEADERS))


# What lies there, under which name: the code it is refused with, and the file.
FILES: dict[str, tuple[str, bytes]] = {
    "latin1.csv": ("FILE-009", HEAD + ROW.replace(b",", b",Caf\xe9 " + CANARY.encode(), 1)),
    "utf16.csv": ("FILE-009", GOOD.decode().encode("utf-16")),
    "binary.csv": ("FILE-009", HEAD + b"\0" * 500 + b"\n"),
    "renamed.csv": ("FILE-010", GOOD.replace(HEADERS[2].encode(), CANARY.encode(), 1)),
    "extra.csv": ("FILE-010", HEAD.rstrip() + f",{CANARY}\n".encode() + ROW),
    "missing.csv": ("FILE-010", HEAD.replace(HEADERS[2].encode() + b",", b"") + ROW),
    "ragged.csv": ("FILE-011", GOOD + CANARY.encode() + b"\n"),
    "cut_off.csv": ("FILE-012", GOOD + ROW[:20]),
    "open_quote.csv": ("FILE-012", GOOD + b'"' + CANARY.encode() + b"\n"),
    "empty.csv": ("FILE-012", b""),
    "semicolons.csv": ("FILE-019", GOOD.replace(b",", b";")),
    "tabs.csv": ("FILE-019", GOOD.replace(b",", b"\t")),
    "endless_line.csv": ("FILE-020", HEAD + b'"' + b"x\n" * 9_000_000 + b'"\n'),
    "no_gzip.csv.gz": ("FILE-008", GOOD),
    "gzip_cut.csv.gz": ("FILE-008", gzip.compress(GOOD)[:-6]),
    "gzip_bomb.csv.gz": ("FILE-017", gzip.compress(SWOLLEN, compresslevel=6)),
    "zip_bomb.zip": ("FILE-017", zipped({"a.csv": SWOLLEN})),
    "zip_in_zip.zip": ("FILE-016", zipped({"a.zip": zipped({"a.csv": GOOD})})),
    "zip_of_two.zip": ("FILE-016", zipped({"a.csv": GOOD, "b.csv": GOOD})),
    "zip_empty.zip": ("FILE-016", zipped({})),
    "zip_upwards.zip": ("FILE-018", zipped({f"../../../{CANARY}.csv": GOOD})),
    "zip_absolute.zip": ("FILE-018", zipped({f"/tmp/{CANARY}.csv": GOOD})),
    "zip_backslash.zip": ("FILE-018", zipped({f"..\\{CANARY}.csv": GOOD})),
    "zip_cut.zip": ("FILE-008", zipped({"a.csv": GOOD})[:-25]),
    "gzip_called_csv.csv": ("FILE-015", gzip.compress(GOOD)),
    "parquet_cut.parquet": ("FILE-008", in_parquet(pa.array([NUMBER]))[:-30]),
    "parquet_nested.parquet": ("FILE-023", in_parquet(pa.array([[NUMBER]]))),
    "parquet_repeats.parquet": ("FILE-017", in_parquet(pa.array([CANARY * 2000]).take(pa.array([0] * 20_000)))),
    "formula.xlsx": ("FILE-021", workbook(("=1+1", NUMBER))),
    "macros.xlsx": ("FILE-021", workbook((CANARY,), macros=True)),
    "long_number.xlsx": ("FILE-022", workbook((1234567890123456789, NUMBER))),
    "error_cell.xlsx": ("FILE-022", workbook(("#REF!", NUMBER))),
    "password.xlsx": ("FILE-029", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + CANARY.encode() * 100),
    "no_workbook.xlsx": ("FILE-008", b"PK" + CANARY.encode() * 100),
}


def link_out(place: Landing, outside: Path) -> None:
    place.receipt("link.csv", GOOD)
    (place.folder / "link.csv").symlink_to(outside)


def receipt_alone(place: Landing, outside: Path) -> None:
    place.receipt("nowhere.csv", GOOD)


def other_bytes(place: Landing, outside: Path) -> None:
    place.file("altered.csv", GOOD, sha256="0" * 64)


def other_checksum(place: Landing, outside: Path) -> None:
    place.file("beside.csv", GOOD + ROW)
    (place.folder / "beside.csv.sha256").write_text("1" * 64)


def macro_ending(place: Landing, outside: Path) -> None:
    place.file("book.xlsm", workbook((CANARY,)), receipt=False)
    place.receipt("book", b"")


def two_files(place: Landing, outside: Path) -> None:
    place.file("twice.csv", GOOD, receipt=False)
    place.file("twice.parquet", GOOD, receipt=False)
    place.receipt("twice", GOOD)


def unknown_extract(place: Landing, outside: Path) -> None:
    place.file("stars.csv", GOOD, extract="horoscope")


def foreign_sender(place: Landing, outside: Path) -> None:
    place.file("foreign.csv", GOOD, sender="RKE")


def corrects_nothing(place: Landing, outside: Path) -> None:
    place.file("corrects.csv", GOOD + ROW, corrects="acute_ecds.RAL.20200101T000000Z")


def receipt_upwards(place: Landing, outside: Path) -> None:
    place.file("sender_up.csv", GOOD, sender="../../etc")


def receipt_of_nonsense(place: Landing, outside: Path) -> None:
    (place.folder / "nonsense.receipt.json").write_text(f'{{"{CANARY}": "{NUMBER}"')


def receipt_nested(place: Landing, outside: Path) -> None:
    (place.folder / "nested.receipt.json").write_text("[" * 200_000)


def receipt_with_a_person(place: Landing, outside: Path) -> None:
    place.file("person.csv", GOOD, **{f"{CANARY} {NUMBER}": NUMBER})


def receipt_from_year_one(place: Landing, outside: Path) -> None:
    place.file("ancient.csv", GOOD, received_at="0001-01-01T00:00:00+14:00")


def manifest_upwards(place: Landing, outside: Path) -> None:
    listed = {"file": "../secret.csv", "extract": EXTRACT, "rows": 1, "sha256": "0" * 64}
    whole = {"schema": "manifest/1", "sender": SENDER, "received_at": "2026-11-16T01:00:00Z", "files": [listed]}
    (place.folder / "manifest.json").write_text(json.dumps(whole))


def unsafe_name(place: Landing, outside: Path) -> None:
    (place.folder / f"{NUMBER} $(rm -rf).csv.receipt.json").write_text(
        json.dumps(receipt_of(GOOD, extract=EXTRACT, sender=SENDER, rows=1, at="2026-11-16T05:00:00Z", changes={}))
    )


PLANTS: dict[Callable[[Landing, Path], None], str] = {
    link_out: "FILE-028",
    receipt_alone: "FILE-002",
    other_bytes: "FILE-003",
    other_checksum: "FILE-024",
    macro_ending: "FILE-015",
    two_files: "FILE-014",
    unknown_extract: "FILE-004",
    foreign_sender: "FILE-005",
    corrects_nothing: "FILE-027",
    receipt_upwards: "FILE-001",
    receipt_of_nonsense: "FILE-001",
    receipt_nested: "FILE-001",
    receipt_with_a_person: "FILE-001",
    receipt_from_year_one: "FILE-001",
    manifest_upwards: "FILE-025",
    unsafe_name: "FILE-013",
}
STRANGERS = ("stray.csv", "stray.exe")


@dataclass(frozen=True)
class Morning:
    """What became of all of them, and everything that was said about it."""

    context: Context
    result: ReceiveResult
    verdicts: dict[str, str]
    said: str
    outside_before: dict[str, str]
    outside_after: dict[str, str]


def tree(folder: Path, *, without: Path) -> dict[str, str]:
    """Every file below the folder by content, but for those below another one."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and without not in path.parents
    }


def text_of(path: Path) -> str:
    """A report as text, a workbook by its parts."""
    if path.suffix != ".xlsx":
        return path.read_text()
    with zipfile.ZipFile(path) as book:
        return "".join(book.read(name).decode() for name in book.namelist() if "theme" not in name)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    base = tmp_path_factory.mktemp("hostile")
    outside = base / "outside" / "secret.csv"
    outside.parent.mkdir()
    outside.write_bytes(GOOD)
    home = base / "home"
    context = small_context(read_settings({"RISKSTRAT_HOME": str(home)}))
    folder = layout.landing(home) / SENDER
    folder.mkdir(parents=True)
    place = Landing(folder)
    for name, (_, data) in FILES.items():
        place.file(name, data)
    for plant in PLANTS:
        plant(place, outside)
    for name in STRANGERS:
        os.utime(place.file(name, GOOD, receipt=False), (0, 0))
    place.file("good.csv", csv_of(EXTRACT, [{"cds_unique_identifier": "GOOD1"}]))
    before = tree(base, without=home) | tree(folder, without=home / "nowhere")
    result = receive(context)
    verdicts, reports = {}, ""
    for delivery_id in result.delivery_ids:
        validate(context, delivery_id=delivery_id)
        reports += "".join(text_of(path) for path in layout.delivery_report(home, delivery_id).iterdir())
    for delivery in list_deliveries(context.ledger):
        verdicts[delivery.file_name] = f"{delivery.state} {delivery.reason_code or ''}".strip()
    after = tree(base, without=home) | tree(folder, without=home / "nowhere")
    ledger = str(list_deliveries(context.ledger))
    said = "\n".join([*result.told(), reports, ledger, told(status(context)), status(context).as_json()])
    yield Morning(context, result, verdicts, said, before, after)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_refused_with_its_reason_in_report_and_ledger(morning: Morning, name: str) -> None:
    assert morning.verdicts[name] == f"refused {FILES[name][0]}"


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_landing_is_refused_with_its_reason(morning: Morning, plant: Callable[[Landing, Path], None]) -> None:
    assert PLANTS[plant] in [one.code for one in morning.result.refused]
    planned = sorted(PLANTS.values())
    assert sorted(one.code for one in morning.result.refused) == planned


def test_there_are_many_kinds_of_them() -> None:
    assert len(FILES) + len(PLANTS) >= 25


def test_the_good_file_among_them_goes_in(morning: Morning) -> None:
    assert morning.verdicts["good.csv"] == "accepted"
    assert [name for name, verdict in morning.verdicts.items() if verdict == "accepted"] == ["good.csv"]


def test_every_row_announced_is_accounted_for(morning: Morning) -> None:
    assert all(delivery.balances() for delivery in list_deliveries(morning.context.ledger))


def test_nothing_outside_is_touched_and_nothing_landed_is_changed(morning: Morning) -> None:
    assert morning.outside_after == morning.outside_before
    assert not list(Path("/tmp").glob(f"{CANARY}*"))


def test_nothing_is_left_half_made(morning: Morning) -> None:
    home = morning.context.settings.home
    assert not list((home / "identified" / "staging").glob("*"))
    kept = [path.name for path in (home / "identified" / "original").iterdir()]
    assert not [name for name in kept if name.endswith(".part")]


def test_strangers_and_what_could_not_be_entered_are_told_to_the_operator(morning: Morning) -> None:
    assert [one.where for one in morning.result.unexpected if "stray" in one.where] == [f"RAL/{s}" for s in STRANGERS]
    for told_of in ("stray.exe", "link.csv", "nonsense.receipt.json", "manifest.json", "twice.receipt.json"):
        assert f"Left lying in landing: RAL/{told_of}" in told(status(morning.context))


@pytest.mark.parametrize("value", [CANARY, NUMBER, "999 000 0018", "../", "$("])
def test_no_word_of_theirs_is_repeated(morning: Morning, value: str) -> None:
    assert value not in morning.said


def test_another_morning_changes_nothing(morning: Morning) -> None:
    before = list_deliveries(morning.context.ledger)
    again = receive(morning.context)
    assert (again.delivery_ids, again.duplicates) == ((), ())
    assert list_deliveries(morning.context.ledger) == before
