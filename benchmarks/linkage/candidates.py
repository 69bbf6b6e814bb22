"""What a probable link would find for people whose NHS number a council or community team does not have, and get wrong.

    .venv/bin/python benchmarks/linkage/candidates.py draw PEOPLE.parquet [--people 60000] [--seed 1]
    python benchmarks/linkage/candidates.py compare PEOPLE.parquet [--splink]

`draw` takes people of the invented region as GP lists know them, and as a sender without numbers does: old addresses,
old practices and slips of birth dates among them, people on no list, and twins. `compare` needs duckdb alone; with
--splink it needs requirements-splink.txt in an environment of its own. The pipeline uses nothing of this. Rules, each
mutual and unique:

- exact: birth date and postcode of exactly one listed person, nobody else listed there with a birth date a slip away,
  and nobody else of the sender who fits; `with practice`: and the practice on the row lists them (councils)
- splink: birth date, postcode and practice; weights estimated once; a least probability, and a margin of 4 bits
"""

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb

# Shares of the people a sender looks for: of all on a list and of all on none. What is old or mistyped on its rows.
LOOKED_FOR, STRANGERS = 0.10, 0.30
OLD_ADDRESS, OLD_PRACTICE, SLIPPED = 0.06, 0.03, 0.01
# Of those looked for, how many have a twin; thirds: listed too, on no list, or listed while the one looked for is not.
TWINS = 0.05
COLUMNS = ("side", "name", "truth", "born", "postcode", "practice")
Found = dict[str, str]


@dataclass(frozen=True)
class Someone:
    """A person as one side knows them; `truth` is the same for the same person on both."""

    side: str
    name: str
    truth: str
    born: date
    postcode: str
    practice: str


def draw(path: Path, *, people: int, seed: int) -> None:
    """Write both sides: `listed` and `sought`."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import numpy as np

    from pipeline.synthetic.latent.block import draw_block
    from pipeline.synthetic.population.frame import blocks, load_frame

    frame, chance = load_frame(people), random.Random(seed)
    both: list[Someone] = []
    for number in range(len(blocks(frame))):
        block = draw_block(frame, number, seed=seed, as_of=date(2026, 11, 15))
        own = block.people
        everyone = np.arange(own.count)
        now, before = (own.postcode_on(everyone, block.today - back).tolist() for back in (0, 1_000))
        is_listed = own.registered_on(block.today).tolist()
        for place in range(own.count):
            one = Someone(
                side="listed", name=f"{number}-{place}", truth=f"{number}-{place}",
                born=date(1970, 1, 1) + timedelta(days=int(own.birth[place])),
                postcode=now[place].replace(" ", ""), practice=str(int(own.practice[place])),
            )  # fmt: skip
            both += _sides(one, chance, is_listed=is_listed[place], before=before[place].replace(" ", ""))
    rows = [astuple(one) for one in both]
    connection = duckdb.connect()
    connection.execute("create table row (side text, name text, truth text, born date, postcode text, practice text)")
    connection.executemany("insert into row values (?, ?, ?, ?, ?, ?)", rows)
    connection.execute(f"copy row to '{path}' (format parquet)")


def _sides(one: Someone, chance: random.Random, *, is_listed: bool, before: str) -> list[Someone]:
    """The person on the list and, if looked for, as the sender knows them; with a twin perhaps."""
    is_sought = chance.random() < (LOOKED_FOR if is_listed else STRANGERS)
    listing = [one] if is_listed else []
    if not is_sought:
        return listing
    sought = replace(one, side="sought")
    if chance.random() < OLD_ADDRESS:
        sought = replace(sought, postcode=before)
    if chance.random() < OLD_PRACTICE:
        sought = replace(sought, practice="another")
    if chance.random() < SLIPPED:
        sought = replace(sought, born=slipped(sought.born, chance))
    if not is_listed or chance.random() >= TWINS:
        return [*listing, sought]
    kind, twin = chance.randrange(3), f"twin of {one.name}"
    if kind == 0:
        return [*listing, sought, replace(one, name=twin, truth=twin)]
    if kind == 1:
        # The sender knows only the twin, who is with no practice of the region.
        elsewhere = chance.choice(["another", one.practice])
        return [*listing, replace(sought, name=twin, truth=twin, practice=elsewhere)]
    return [replace(one, name=twin, truth=twin), sought]


def slipped(born: date, chance: random.Random) -> date:
    """Day and month exchanged where that is a date, or a day or year beside."""
    if chance.random() < 0.5 and born.day <= 12:
        return date(born.year, born.day, born.month)
    return born + timedelta(days=chance.choice([-1, 1, 10, 365]))


def read(path: Path) -> tuple[list[Someone], list[Someone]]:
    """Listed and sought."""
    rows = duckdb.sql(f"select {', '.join(COLUMNS)} from read_parquet('{path}') order by all").fetchall()
    people = [Someone(*row) for row in rows]
    return [one for one in people if one.side == "listed"], [one for one in people if one.side == "sought"]


def exact(sought: Iterable[Someone], listed: Iterable[Someone], *, practice: bool) -> Found:
    """Name of a person looked for to the truth of the one listed person who fits."""
    at: dict[str, list[Someone]] = defaultdict(list)
    for one in listed:
        at[one.postcode].append(one)
    found: dict[str, list[Someone]] = defaultdict(list)
    for one in sought:
        near = [other for other in at[one.postcode] if is_near(other.born, one.born)]
        if len(near) == 1 and near[0].born == one.born and (not practice or near[0].practice == one.practice):
            found[near[0].truth].append(one)
    return {fitting[0].name: truth for truth, fitting in found.items() if len(fitting) == 1}


def is_near(one: date, other: date) -> bool:
    """The same day, or what a slip makes of it: one part differs, or day and month are exchanged."""
    same = (one.year == other.year, one.month == other.month, one.day == other.day)
    return sum(same) >= 2 or (same[0] and (one.month, one.day) == (other.day, other.month))


def by_splink(path: Path, listed: list[Someone], *, practice: bool, least: float, margin: float = 4.0) -> Found:
    """Mutual best pairs of at least this probability, and the margin (in bits) ahead of either side's next best."""
    weighed = _weighed(path, practice=practice)
    best: dict[str, list[tuple[float, str, float]]] = defaultdict(list)
    for one, other, weight, probability in weighed:
        best[f"s {one}"].append((weight, other, probability))
        best[f"l {other}"].append((weight, one, probability))
    truth = {one.name: one.truth for one in listed}
    found = {}
    for name in sorted({one for one, _, _, _ in weighed}):
        mine = sorted(best[f"s {name}"], reverse=True)[:2]
        theirs = sorted(best[f"l {mine[0][1]}"], reverse=True)[:2]
        is_ahead = all(len(side) == 1 or side[0][0] - side[1][0] >= margin for side in (mine, theirs))
        if mine[0][2] >= least and theirs[0][1] == name and is_ahead:
            found[name] = truth[mine[0][1]]
    return found


def _weighed(path: Path, *, practice: bool) -> list[tuple[str, str, float, float]]:
    """(sought, listed, match weight in bits, probability) of every pair that shares birth date or postcode."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    connection = duckdb.connect()
    columns = "name as unique_id, cast(born as varchar) as dob, postcode, practice"
    for side in ("listed", "sought"):
        rows = f"select {columns} from read_parquet('{path}') where side = '{side}'"
        connection.execute(f"create table {side}_rows as {rows}")
    api = DuckDBAPI(connection)
    sides = [api.register(f"{name}_rows", dataset_display_name=name) for name in ("listed", "sought")]
    comparisons = [cl.DateOfBirthComparison("dob", input_is_string=True), cl.PostcodeComparison("postcode")]
    comparisons += [cl.ExactMatch("practice")] if practice else []
    settings = SettingsCreator(
        link_type="link_only", unique_id_column_name="unique_id", comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on("dob"), block_on("postcode")],
    )  # fmt: skip
    linker = Linker(sides, settings)
    linker.training.estimate_probability_two_random_records_match([block_on("dob", "postcode")], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("dob"), block_on("postcode")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict().physical_name
    columns = "source_dataset_l, unique_id_l, unique_id_r, match_weight, match_probability"
    pairs = connection.sql(f"select {columns} from {predicted}").fetchall()
    return [
        (right, left, weight, probability) if side == "listed" else (left, right, weight, probability)
        for side, left, right, weight, probability in pairs
    ]


def judged(found: Mapping[str, str], sought: list[Someone], listed: list[Someone]) -> dict[str, float]:
    """Links, how many of them are wrong, and the share of people looked for and listed who were found."""
    truth = {one.name: one.truth for one in sought}
    on_list = {one.truth for one in listed}
    wrong = sum(truth[name] != other for name, other in found.items())
    could = sum(one in on_list for one in truth.values())
    return {"links": len(found), "wrong": wrong, "recall": round((len(found) - wrong) / could, 4)}


def main() -> None:
    """Draw both sides, or compare the rules on them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=["draw", "compare"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--people", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--splink", action="store_true")
    asked = parser.parse_args()
    if asked.act == "draw":
        draw(asked.path, people=asked.people, seed=asked.seed)
        return
    listed, sought = read(asked.path)
    print(json.dumps({"listed": len(listed), "looked for": len(sought)}))
    for practice in (False, True):
        rules = {"exact": exact(sought, listed, practice=practice)}
        if asked.splink:
            rules |= {
                f"splink {least}": by_splink(asked.path, listed, practice=practice, least=least)
                for least in (0.99, 0.9999)
            }
        for name, found in rules.items():
            print(json.dumps({"rule": name, "with practice": practice, **judged(found, sought, listed)}), flush=True)


if __name__ == "__main__":
    main()
