"""How good the deterministic linkage is, held against the truth of an invented region with planted faults.

    .venv/bin/python benchmarks/linkage/measure.py [--people 5000] [--seed 1] [--clean] [--home FOLDER]

Lands a region (plant.py), takes it in as a night would, and compares each linked row with whom it is of: by source and
by kind of fault, for the rule in use and for the NHS number alone. What it measured: docs/linkage.md.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from plant import AS_OF, People, plant  # noqa: E402 - found beside this file

from pipeline.contracts.extract import load_extracts  # noqa: E402 - as above
from pipeline.contracts.settings import read_settings  # noqa: E402 - as above
from pipeline.ledger.deliveries import list_deliveries  # noqa: E402 - as above
from pipeline.rules.times import index_date  # noqa: E402 - as above
from pipeline.steps.at_hand.context import Context, open_context  # noqa: E402 - as above
from pipeline.steps.at_hand.number_changes import changes_in_view  # noqa: E402 - as above
from pipeline.steps.link.link import link  # noqa: E402 - as above
from pipeline.steps.link.lists import Lists  # noqa: E402 - as above
from pipeline.steps.opt_out.erasure import current_erasure, key_of  # noqa: E402 - as above
from pipeline.steps.receive.receive import receive  # noqa: E402 - as above
from pipeline.steps.validate.validate import validate  # noqa: E402 - as above
from pipeline.store import layout, tables  # noqa: E402 - as above
from pipeline.store.keys import create_keys  # noqa: E402 - as above

# One row of each source: what became of its rows, by whom they are of. `listed`: the person is on a GP list, so that
# the row could count. wrong: it counts for somebody of a list whom it is not of.
OUTCOMES = """
with judged as (
    select
        row.extract, row.kind, row.person,
        listed.nhs_number is not null as listed,
        case
            when row.person_key is null then 'no number'
            when row.is_apart then 'kept apart'
            when row.person_key = truth.person_key then 'right'
            when owner.person_key is not null then 'wrong'
            else 'of nobody listed'
        end as outcome,
        case
            when row.person_key is null then 'no number'
            when sent_key = truth.person_key then 'right'
            when sent_owner.person_key is not null then 'wrong'
            else 'of nobody listed'
        end as by_number_alone,
    from row
    left join person as truth on row.person = truth.nhs_number
    left join listed on row.person = listed.nhs_number
    left join listed as owner on row.person_key = owner.person_key
    left join listed as sent_owner on row.sent_key = sent_owner.person_key
    where row.person <> ''
)
select extract, kind, listed, outcome, by_number_alone, count(*) as rows
from judged group by all order by all
"""


def take_in(home: Path) -> tuple[Context, float]:
    """The home after intake, and the seconds of processor time that linking took."""
    settings = read_settings({"RISKSTRAT_HOME": str(home)})
    create_keys(settings.keys_folder)
    shutil.copyfile(settings.project / "policy" / "demo.yml", settings.policy_file)
    context = open_context(settings)
    receive(context)
    for delivery in list_deliveries(context.ledger, states=["received"]):
        validate(context, delivery_id=delivery.delivery_id)
    before = time.process_time()
    link(context)
    return context, time.process_time() - before


def outcomes(context: Context) -> list[dict[str, object]]:
    """Rows by extract, kind of fault and what became of them."""
    home = context.settings.home
    engine = duckdb.connect()
    truth = home / "landing" / "_truth"
    people = People.read(home / "landing")
    engine.register("person", _keyed(context, [one["nhs_number"] for one in people.rows]))
    clean = tables.read(layout.clean(home, "gp_patient"), columns=["nhs_number"])["nhs_number"].unique().to_pylist()
    engine.register("listed", _keyed(context, sorted({people.current[n] for n in clean if n in people.current})))
    ids = [one.delivery_id for one in list_deliveries(context.ledger, states=["accepted"])]
    changes = changes_in_view(context, delivery_ids=ids, index_date=index_date(AS_OF))
    engine.register("change", changes)
    with Lists(context) as lists:
        disputed = lists.open().table("disputed_number")["nhs_number"].to_pylist()
    dissents = sorted(current_erasure(context).nhs_numbers)
    engine.register("dissent", pa.table({"nhs_number": pa.array(dissents, pa.string())}))
    engine.execute(f"create table truth as select * from read_parquet('{truth / 'rows.parquet'}')")
    found: list[dict[str, object]] = []
    for extract, contract in load_extracts(context.settings.project).items():
        if contract.person is None or not tables.exists(layout.linked(home, extract)):
            continue
        engine.register("clean", tables.read(layout.clean(home, extract), column="delivery_id", values=ids))
        engine.register("linked", tables.read(layout.linked(home, extract), column="delivery_id", values=ids))
        waiting = tables.read(layout.waiting(home, extract), column="delivery_id", values=ids)
        engine.register("waiting", waiting)
        number, born = contract.person.nhs_number, contract.person.birth_date
        engine.execute(
            f"""create or replace temp table row as
            select '{extract}' as extract, truth.kind, truth.person, linked.person_key as sent_key,
                coalesce(change.current_person_key, linked.person_key) as person_key,
                waiting.verdict is not distinct from 'conflict'
                or list_contains($disputed, clean.{number}) as is_apart,
            from clean
            inner join truth using (delivery_id, source_row_number)
            left join (select distinct delivery_id, source_row_number, person_key from linked) as linked
                using (delivery_id, source_row_number)
            left join change on linked.person_key = change.person_key
            left join waiting on waiting.delivery_id = clean.delivery_id
                and waiting.nhs_number = clean.{number} and waiting.birth_date = clean.{born}
            where not exists (select 1 from dissent where dissent.nhs_number in (clean.{number}, truth.person))""",
            {"disputed": disputed},
        )
        found += engine.execute(OUTCOMES).to_arrow_table().to_pylist()
    return found


def _keyed(context: Context, numbers: list[str]) -> pa.Table:
    return pa.table({"nhs_number": numbers, "person_key": [key_of(context, number) for number in numbers]})


def told(found: list[dict[str, object]], *, by: str, of: str) -> list[str]:
    """Precision and recall of one rule (`of`), by extract or kind."""
    lines = []
    for name in sorted({str(one[by]) for one in found}) + ["all"]:
        mine = [one for one in found if name in ("all", one[by])]
        count = {
            (outcome, listed): sum(
                int(str(one["rows"])) for one in mine if one[of] == outcome and one["listed"] == listed
            )
            for outcome in ("right", "wrong", "kept apart", "no number", "of nobody listed")
            for listed in (True, False)
        }
        right = count["right", True]
        wrong = count["wrong", True] + count["wrong", False]
        listed = sum(value for (_, is_listed), value in count.items() if is_listed)
        others = "".join(f"{count[kind, True]:>8,}" for kind in ("kept apart", "no number", "of nobody listed"))
        lines.append(
            f"{name:<24}{listed:>10,}{right:>10,}{wrong:>8,}{others}"
            f"{_share(right, right + wrong):>11}{_share(right, listed):>9}"
        )
    return lines


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.6f}" if whole else "-"


def main() -> None:
    """Measure and print; `--json` writes the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clean", action="store_true", help="plant nothing beyond the region's own faults")
    parser.add_argument("--home", type=Path, help="an empty folder to keep; otherwise one that is thrown away")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as thrown_away:
        home = asked.home or Path(thrown_away) / "home"
        plant(layout.landing(home), people=asked.people, seed=asked.seed, is_clean=asked.clean)
        context, seconds = take_in(home)
        found = outcomes(context)
    head = f"{'':<24}{'rows':>10}{'right':>10}" + "".join(f"{word:>8}" for word in ("wrong", "apart", "none", "other"))
    head += f"{'precision':>11}{'recall':>9}"
    for of, words in (("outcome", "The rule in use"), ("by_number_alone", "The NHS number alone")):
        for by in ("extract", "kind"):
            print(f"\n{words}, by {by}; rows of people on a GP list\n{head}")
            print("\n".join(told(found, by=by, of=of)))
    print(f"\nlink: {seconds:.1f} s of processor time")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
