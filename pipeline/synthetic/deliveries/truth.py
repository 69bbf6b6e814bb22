"""The truth folder: who the invented people are, how ill they really are, and what was planted.

For tests and for judging models against what could be known at best. Never read by the pipeline: names that start
with an underscore are not picked up. People are written block by block; files are described in docs/region.md.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contracts.extract import ExtractContract
from pipeline.synthetic.deliveries.chosen import Chosen
from pipeline.synthetic.deliveries.expected import expected
from pipeline.synthetic.latent.block import INDEX_STEP, Block
from pipeline.synthetic.population.frame import COUNCILS, Frame
from pipeline.synthetic.population.people import ELSEWHERE_CODES, NEVER


class Truth:
    """What is told of each block while it is there, and of the whole region at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.counts = Counts()
        self._writers: dict[str, pq.ParquetWriter] = {}

    def add(self, block: Block, *, chosen: Chosen | None) -> None:
        """Write the people of a block and count them."""
        kinds = ["none"] * block.people.count if chosen is None else chosen.kinds(block.people.count)
        self.write("people", people_table(block, kinds))
        self.counts.add(block, kinds)

    def write(self, name: str, table: pa.Table) -> None:
        """Add rows to one of the folder's Parquet files."""
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema)
        self._writers[name].write_table(table)

    def close(self) -> None:
        """Finish the Parquet files."""
        for writer in self._writers.values():
            writer.close()

    def write_defects(
        self,
        written: Sequence[Mapping[str, object]],
        *,
        diary: Sequence[Mapping[str, object]],
        files: Sequence[Mapping[str, object]],
        contracts: Mapping[str, ExtractContract],
    ) -> None:
        """defects.json: planted rows by delivery (counts in `history`, numbers in `rows`), faulty files, the diary."""
        rows = {str(entry["delivery_id"]): entry["planted"] for entry in written if entry["planted"]}
        counts = {name: {kind: len(numbers) for kind, numbers in kinds.items()} for name, kinds in _sized(rows)}
        content = {
            "schema": "defects/2",
            "history": counts,
            "rows": rows,
            "files": list(files),
            "second_week": list(diary),
            "expected": {extract: expected(contract) for extract, contract in contracts.items()},
        }
        _write_json(self.folder / "defects.json", content)

    def write_summary(self, frame: Frame, written: Sequence[Mapping[str, object]], *, as_of: object, seed: int) -> None:
        """summary.json: counts and rates of the region, for a person to look at and tests to hold it to."""
        rows: dict[str, int] = {}
        for entry in written:
            rows[str(entry["extract"])] = rows.get(str(entry["extract"]), 0) + int(str(entry["rows"]))
        counts = self.counts
        _write_json(
            self.folder / "summary.json",
            {
                "as_of": str(as_of),
                "seed": seed,
                "people": counts.registered,
                "lists": {one.code: counts.lists.get(one.code, 0) for one in frame.practices},
                "deliveries": len(written),
                "rows": rows,
                "admitted_within_12m_share": round(counts.admitted / max(1, counts.at_index), 4),
                "true_prevalence": {
                    name: round(found / max(1, counts.registered), 4) for name, found in counts.ill.items()
                },
                "type_1": dict(sorted(counts.type_1.items())),
                "living_outside_the_councils": counts.outside,
                "registered_elsewhere": counts.elsewhere,
            },
        )


@contextmanager
def truth_of(folder: Path) -> Iterator[Truth]:
    """The truth folder while a region is written; its files are finished in any case."""
    truth = Truth(folder)
    try:
        yield truth
    finally:
        truth.close()


@dataclass
class Counts:
    """Sums over blocks. at_index, admitted: people registered twelve months ago, and those admitted since."""

    registered: int = 0
    outside: int = 0
    elsewhere: int = 0
    at_index: int = 0
    admitted: int = 0
    lists: dict[str, int] = field(default_factory=dict)
    ill: dict[str, int] = field(default_factory=dict)
    type_1: dict[str, int] = field(default_factory=dict)

    def add(self, block: Block, kinds: Sequence[str]) -> None:
        people, today = block.people, block.today
        here = people.registered_on(today)
        practice = np.where(people.moved > today, people.former_practice, people.practice)
        practice = np.where(people.moved == NEVER, people.practice, practice)
        for index, count in zip(*np.unique(practice[here], return_counts=True), strict=True):
            self.lists[block.frame.practices[int(index)].code] = int(count)
        self.registered += int(here.sum())
        self.outside += int((here & ~np.isin(people.borough, COUNCILS)).sum())
        self.elsewhere += int((people.practice < 0).sum())
        for column, name in enumerate(block.lives.conditions):
            ill = int((block.lives.onset[here, column] <= today).sum())
            self.ill[name] = self.ill.get(name, 0) + ill
        index_day = int(block.lives.starts[INDEX_STEP])
        then = people.registered_on(index_day - 1)
        self.at_index += int(then.sum())
        self.admitted += int((then & block.admitted_within(index_day, today + 1)).sum())
        for kind in kinds:
            self.type_1[kind] = self.type_1.get(kind, 0) + 1


def people_table(block: Block, type_1: Sequence[str]) -> pa.Table:
    """One row per person who ever was in the block's data; dates null where it has not happened."""
    people, frame, today = block.people, block.frame, block.today
    step = int(block.lives.step_of(np.array([today]))[0])
    codes = np.array([*(p.code for p in frame.practices), *ELSEWHERE_CODES])
    now = np.where(people.practice < 0, len(frame.practices) + people.elsewhere_code, people.practice)
    return pa.table(
        {
            "nhs_number": people.nhs_number,
            "other_nhs_number": people.other_nhs_number,
            "superseded_nhs_number": people.superseded_nhs_number,
            "family_name": np.array(frame.family_names)[people.family_name],
            "given_name": np.array(frame.given_names)[people.given_name],
            "birth_date": _dates(people.birth),
            "gender_code": people.gender_code,
            "ethnic_category": people.ethnic_codes,
            "postcode": people.postcode_on(np.arange(people.count), today),
            "borough_code": people.borough,
            "lsoa_code": people.lsoa_on(np.arange(people.count), today),
            "imd_decile": people.decile,
            "practice_code": codes[now],
            "former_practice_code": _codes(codes, people.former_practice),
            "moved_date": _dates(people.moved),
            "registration_start_date": _dates(people.registered),
            "registration_end_date": _dates(people.left),
            "second_practice_code": _codes(codes, people.second_practice),
            "second_registration_start_date": _dates(people.second_registered),
            "second_registration_end_date": _dates(people.second_left),
            "death_date": _dates(people.death),
            "is_elsewhere": people.practice < 0,
            "is_registered": people.registered_on(today),
            "is_confidential": people.is_confidential,
            "type_1": list(type_1),
            "frailty": np.round(block.lives.frailty[step], 4),
            "dependence": np.round(block.lives.dependence[step], 4),
            "conditions": (block.lives.onset <= today).sum(axis=1),
        }
    )


def _codes(codes: np.ndarray, index: np.ndarray) -> pa.Array:
    return pa.array(codes[np.maximum(index, 0)], mask=index < 0)


def _dates(days: np.ndarray) -> pa.Array:
    never = days >= NEVER
    return pa.array(np.where(never, 0, days).astype("datetime64[D]"), mask=never)


def _sized(rows: Mapping[str, object]) -> Iterator[tuple[str, dict[str, list[int]]]]:
    for name, kinds in rows.items():
        if isinstance(kinds, dict):
            yield name, kinds


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
