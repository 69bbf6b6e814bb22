"""Deliveries in which planted people stand where they should not: in every column of every extract, and in files that
are broken in every way a file can be. Made from the rows of tests/contracts/handmade, which somebody typed."""

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from planted_people import KINDS, Planted

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.extract_parts import Column
from pipeline.contracts.settings import PROJECT

CONTRACTS = load_extracts(PROJECT)
_HANDMADE = PROJECT / "tests" / "contracts" / "handmade"
_FIRST_STAMP = datetime(2026, 11, 20, 6, tzinfo=UTC)
# Rows of planted people without anything odd in them, beside the odd ones: a delivery is refused for too many.
_GOOD, _ODD = 40, 3
SENDERS = {"gp": "GPS01", "acute": "RKE", "emergency": "RKE", "outpatient": "RKE", "community": "RKE"}
SENDERS |= {"mental_health": "TAF", "social_care": "E09000007", "reference": "ODS01"}


@dataclass(frozen=True)
class File:
    """Bytes to land under a name, and what its receipt says beside the usual."""

    extract: str
    name: str
    data: bytes
    rows: int
    receipt: dict[str, object]


class Deliveries:
    """Makes files of planted people, each person used in turn."""

    def __init__(self, people: Sequence[Planted]) -> None:
        self._people = cycle(people)
        self._turn = 0

    def of(self, extract: str, *, files: int = 12) -> Iterator[File]:
        """Everything for one extract: odd cells in so many files that are otherwise good, then broken files."""
        contract = CONTRACTS[extract]
        odd = [(column.name, kind) for column in contract.columns for kind in KINDS if _can_be_told(column, kind)]
        # Nobody is in a file of organisations: their names may be anybody's and are told to everyone.
        odd = odd if contract.source != "reference" else []
        size = max(_ODD, -(-len(odd) // files))
        for start in range(0, len(odd), size):
            rows = self._rows(contract, odd[start : start + size])
            yield File(extract, f"odd{start}.csv", as_csv([contract.headers(), *rows]), len(rows), {})
        yield from self._broken(contract)

    def _rows(self, contract: ExtractContract, odd: Sequence[tuple[str, str]] = ()) -> list[list[str]]:
        made = [self._row(contract, number) for number in range(_GOOD + len(odd))]
        for row, (name, kind) in zip(made, odd, strict=False):
            self._turn += 1
            row[contract.names().index(name)] = next(self._people).written(self._turn)[kind]
        return made

    def _row(self, contract: ExtractContract, number: int) -> list[str]:
        """A typed row with a planted person in the place of whoever stood there, and a key of its own."""
        typed = _typed(contract.extract)
        row, one = dict(typed[number % len(typed)]), next(self._people)
        self._turn += 1
        mine = {"nhs_number": one.nhs_number, "birth_date": one.birth_date.isoformat(), "postcode": one.postcode}
        mine |= {"family_name": one.surname, "superseded_nhs_number": one.nhs_number}
        row |= {name: value for name, value in mine.items() if name in row}
        for name in contract.key[-1:]:
            if name not in mine and contract.column(name).type == "text":
                row[name] = f"{row[name][:6]}{self._turn:05d}"
        return [row[name] for name in contract.names()]

    def _broken(self, contract: ExtractContract) -> Iterator[File]:
        rows, extract = self._rows(contract), contract.extract
        header, count = contract.headers(), len(rows)
        people = [next(self._people) for _ in range(40)]
        text = as_csv([header, *rows])
        first_text = next(place for place, column in enumerate(contract.columns) if column.type == "text")
        broken: dict[str, bytes] = {
            "noheader.csv": as_csv(rows),
            "wordsinheader.csv": as_csv([[one.surname for one in people[: len(header)]], *rows]),
            "onetoomany.csv": as_csv([header, *([*row, one.line()] for row, one in zip(rows, people, strict=True))]),
            "openquote.csv": text + f'"{people[0].line()}\n'.encode(),
            "latin.csv": text + people[1].line().encode() + b"\xe9\n",
            "brokenoff.csv": text[:-20],
            "semicolons.csv": text.replace(b",", b";"),
            "cut.csv.gz": gzip.compress(text)[:-30],
            "whole.csv.gz": gzip.compress(text),
            "named.csv.zip": as_zip({f"{people[2].surname}.csv": text, f"{people[3].surname}.csv": text}),
            "path.csv.zip": as_zip({f"../{people[4].surname} {people[4].nhs_number}.csv": text}),
            "typed.parquet": as_parquet(header, rows, people),
            "nested.parquet": as_parquet([*header[:-1], people[5].surname], rows, people, is_nested=True),
            "cut.parquet": as_parquet(header, rows, people)[:-40],
            "sheet.xlsx": as_workbook(header, rows, people, births_at=first_text),
            "formula.xlsx": as_workbook(header, rows, people, births_at=first_text, is_active=True),
        }
        for name, data in broken.items():
            yield File(extract, name, data, count, {})
        one, other = people[6], people[7]
        for number, receipt in enumerate(
            (
                {"format": f"{one.surname} {one.nhs_number}"},
                {"corrects": f"{one.surname}.{one.failing_number}"},
                {one.surname: other.line()},
                {"rows": one.line()},
                {"kind": one.surname, "period_start": one.birth_date.isoformat()},
                {"extract": one.surname.lower()},
                {"note": one.line(), "sha256": one.line()},
            )
        ):
            yield File(extract, f"receipt{number}.csv", text, count, receipt)


def _can_be_told(column: Column, kind: str) -> bool:
    """A date in a column of dates is a date of something, whosever it is."""
    return kind != "birth date" or column.type not in ("date", "timestamp") or column.privacy != "keep"


def land(files: Sequence[File], *, home: Path) -> int:
    """Lay the files in their senders' folders, stamped a minute apart in the order given; how many there are."""
    for number, file in enumerate(files):
        sender = SENDERS[CONTRACTS[file.extract].source]
        folder = home / "landing" / sender
        folder.mkdir(parents=True, exist_ok=True)
        stem, dot, ending = f"{file.extract}_{file.name}".partition(".")
        (folder / f"{stem}{dot}{ending}").write_bytes(file.data)
        receipt = {
            "schema": "receipt/1", "extract": file.extract, "sender": sender, "kind": "regular",
            **_period(file.extract),
            "received_at": f"{_FIRST_STAMP + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}", "rows": file.rows,
            "sha256": hashlib.sha256(file.data).hexdigest(), **file.receipt,
        }  # fmt: skip
        (folder / f"{stem}.receipt.json").write_text(json.dumps(receipt))
    return len(files)


def _period(extract: str) -> dict[str, str]:
    """That of the typed rows, where they name one."""
    first = _typed(extract)[0]
    return {
        "period_start": first.get("reporting_period_start", "2026-10-01"),
        "period_end": first.get("reporting_period_end", "2026-10-31"),
    }


def _typed(extract: str) -> list[dict[str, str]]:
    contract = CONTRACTS[extract]
    lines = list(csv.reader(io.StringIO((_HANDMADE / f"{extract}.csv").read_text(encoding="utf-8"))))
    return [dict(zip(contract.names(), line, strict=True)) for line in lines[1:]]


def as_csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def as_zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def as_parquet(
    header: Sequence[str], rows: Sequence[Sequence[str]], people: Sequence[Planted], *, is_nested: bool = False
) -> bytes:
    """Columns of text, with births as dates and numbers as numbers where the header speaks of them."""
    columns: dict[str, pa.Array] = {}
    for place, name in enumerate(header):
        values = [row[place] for row in rows]
        if "birth" in name.lower():
            columns[name] = pa.array([one.birth_date for one, _ in zip(people, values, strict=True)], type=pa.date32())
        elif "nhs" in name.lower() and "number" in name.lower() and "status" not in name.lower():
            columns[name] = pa.array([int(one.nhs_number) for one, _ in zip(people, values, strict=True)])
        else:
            columns[name] = pa.array([[value] for value in values] if is_nested and place == 1 else values)
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def as_workbook(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    people: Sequence[Planted],
    *,
    births_at: int,
    is_active: bool = False,
) -> bytes:
    """A sheet named after somebody, births as dates in one column; with `is_active` also formulas and further cells."""
    book = openpyxl.Workbook()
    book.active.title = people[0].surname
    book.active.append(list(header))
    for row, one in zip(rows, people, strict=True):
        cells: list[object] = list(row)
        cells[births_at] = one.birth_date
        book.active.append([*cells, f'="{one.surname}"', int(one.nhs_number)] if is_active else cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
