"""Same inputs, same bytes: a second home with everything shuffled that may not matter ends with the same files.

Other file order, other times of files, rows in another order, one thread and a later clock; the same keys and
policy. And knowledge: what arrives after a night's cut-off changes the night as known now, never as known then.
"""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from finished_home import SECOND, Demo, Truth
from homes import copy_home, first_difference, store_digests, tree

from pipeline.contracts.settings import Settings
from pipeline.ledger import deliveries, registers, runs
from pipeline.ledger.connect import open_ledger
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.night.nightly import Night, nightly
from pipeline.store import layout, tables

# Numbers of rows in the file as it came: they name another row once the rows of a file are shuffled. Nothing else is
# left out, and no column of a table of the run (cohort, feature, score, segment, register) is.
ROW_NUMBERS = ("source_row_number",)


def test_run_keys_are_the_same(home: Demo, other: Settings) -> None:
    def keys(settings: Settings) -> list[tuple[str, str]]:
        return sorted((run.kind, run.run_key) for run in runs.list_runs(open_ledger(settings.ledger_url)))

    assert keys(other) == keys(home.settings)
    assert len(keys(other)) == 3


def test_the_landed_bytes_and_stamps_do_differ(home: Demo, other: Settings) -> None:
    """Else the comparison would be of like with like."""
    ledgers = [open_ledger(settings.ledger_url) for settings in (home.settings, other)]
    one, two = (
        {d.delivery_id: (d.sha256, d.content_digest) for d in deliveries.list_deliveries(ledger)} for ledger in ledgers
    )
    published = [max(e.published_at for e in registers.list_editions(ledger)) for ledger in ledgers]
    assert (published[1] - published[0]).days >= 39
    assert one.keys() == two.keys()
    assert sum(one[name][0] != two[name][0] for name in one) > len(one) // 2
    assert {name: digest for name, (_, digest) in one.items()} == {name: digest for name, (_, digest) in two.items()}


@pytest.mark.parametrize("folder", ["registers", "localities", "models"])
def test_published_files_and_model_are_the_same_bytes(home: Demo, other: Settings, folder: str) -> None:
    one, two = tree(home.home, folder), tree(other.home, folder)
    assert len(one) > 2
    assert first_difference(one, two) is None


def test_every_table_of_the_store_holds_the_same_rows(home: Demo, other: Settings) -> None:
    one = store_digests(home.home, leave_out={"*": ROW_NUMBERS})
    two = store_digests(other.home, leave_out={"*": ROW_NUMBERS})
    assert len(one) > 20
    assert first_difference(one, two) is None


def test_suppliers_are_told_the_same_but_for_row_numbers_and_digests(home: Demo, other: Settings) -> None:
    def told(folder: Path) -> dict[str, str]:
        reports = {}
        for path in sorted((folder / "reports").rglob("report.json")):
            report = json.loads(path.read_bytes()) | {"sha256": None}
            for rule in [*report["rules"], *report.get("after_linkage", {}).get("checks", [])]:
                rule["row_numbers"] = len(rule["row_numbers"])
            reports[path.parent.name] = json.dumps(report, sort_keys=True)
        return reports

    one = told(home.home)
    assert len(one) > 100
    assert first_difference(one, told(other.home)) is None


@pytest.fixture(scope="module")
def replayed(home: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Context, Night, Night]]:
    """A copy of the home that took in all there is: the second night as known now, and then as known then."""
    copy = copy_home(home.home, tmp_path_factory.mktemp("replayed") / "home")
    context = open_context(copy)
    with contextlib.redirect_stdout(io.StringIO()):
        now = nightly(context, as_of=SECOND, hold_back=False, knowledge="now")
        then = nightly(context, as_of=SECOND, hold_back=True)
    yield context, now, then
    context.ledger.engine.dispose()


def test_todays_knowledge_is_a_replay_beside_the_night(
    home: Demo, truth: Truth, replayed: tuple[Context, Night, Night]
) -> None:
    context, now, _ = replayed
    assert now.run.kind == "replay"
    late = truth.planted("stay_corrected_after_cut_off")["delivery_id"]
    assert late in runs.run_deliveries(context.ledger, now.run.run_key)
    assert late not in runs.run_deliveries(context.ledger, home.nights[1].run.run_key)
    root = context.settings.home / "registers" / "replays"
    assert [path.name for path in root.iterdir()] == [now.run.run_key]
    agreed = {edition.code for edition in registers.list_editions(context.ledger, plane="practice")}
    assert {path.name for path in (root / now.run.run_key).iterdir()} == agreed


def test_a_correction_after_the_cut_off_is_known_now_and_not_then(
    home: Demo, truth: Truth, replayed: tuple[Context, Night, Night]
) -> None:
    context, now, then = replayed
    key = home.person_key(truth.planted("stay_corrected_after_cut_off")["nhs_number"])
    known_then, known_now = (_features(context, night.run.run_key, key) for night in (then, now))
    # The stay turned out to be planned: one emergency admission fewer, one elective one more.
    assert known_now["emergency_admissions_12m"] == known_then["emergency_admissions_12m"] - 1
    assert known_now["elective_admissions_12m"] == known_then["elective_admissions_12m"] + 1


def test_nobody_else_is_known_otherwise(truth: Truth, home: Demo, replayed: tuple[Context, Night, Night]) -> None:
    """The replay sees the same index date; only people of deliveries after the cut-off can differ."""
    context, now, then = replayed
    late = [
        one.delivery_id
        for one in deliveries.list_deliveries(context.ledger, states=["accepted"])
        if one.delivery_id not in runs.run_deliveries(context.ledger, then.run.run_key)
    ]
    spoken_of: set[str] = set()
    for name in {one.partition(".")[0] for one in late}:
        rows = tables.read(layout.linked(context.settings.home, name), column="delivery_id", values=late)
        spoken_of |= set(rows["person_key"].to_pylist())
    one, two = (_all_features(context, night.run.run_key) for night in (then, now))
    differing = {key for key in one.keys() | two.keys() if one.get(key) != two.get(key)}
    assert differing
    assert differing <= spoken_of


def test_the_night_as_known_then_is_the_one_that_was(home: Demo, replayed: tuple[Context, Night, Night]) -> None:
    context, _, then = replayed
    assert then.run.run_key == home.nights[1].run.run_key
    assert first_difference(tree(home.home, "registers", "localities"), _without_replays(context.settings.home)) is None
    current = [edition for edition in registers.list_editions(context.ledger) if edition.kind == "current"]
    assert current == registers.list_editions(open_ledger(home.settings.ledger_url))


def _without_replays(home: Path) -> dict[str, str]:
    found = tree(home, "registers", "localities")
    return {name: digest for name, digest in found.items() if "/replays/" not in name}


def _features(context: Context, run_key: str, key: str) -> dict[str, object]:
    return _all_features(context, run_key)[key]


def _all_features(context: Context, run_key: str) -> dict[str, dict[str, object]]:
    rows = tables.read(layout.table(context.settings.home, "feature"), column="run_key", values=[run_key]).to_pylist()
    return {row.pop("person_key"): {k: v for k, v in row.items() if k != "run_key"} for row in rows}
