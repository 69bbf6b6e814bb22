"""What the policy takes away is not used, and editions come when they are due; each on a copy of the finished home."""

import contextlib
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from finished_home import SECOND, Demo
from homes import copy_home, half_published, packs, tree
from test_accounting import register_rows

from pipeline.__main__ import main
from pipeline.contracts.policy import SOURCES
from pipeline.ledger import registers
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.night.nightly import Night, nightly
from pipeline.store import layout, tables


@pytest.fixture
def copied(home: Demo, tmp_path: Path) -> Context:
    """A copy of the finished home, to be changed."""
    return open_context(copy_home(home.home, tmp_path / "home"))


def change_policy(context: Context, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite the home's policy with one thing changed."""
    content = yaml.safe_load(context.settings.policy_file.read_text())
    change(content)
    context.settings.policy_file.write_text(yaml.safe_dump(content))


def quiet_night(context: Context, as_of: date, *, correction: str | None = None) -> Night:
    with contextlib.redirect_stdout(io.StringIO()):
        return nightly(context, as_of=as_of, hold_back=True, correction=correction)


def test_a_source_whose_entry_has_expired_is_not_used_and_the_register_says_so(home: Demo, copied: Context) -> None:
    def expire(policy: dict[str, Any]) -> None:
        for entry in policy["sources"]:
            if entry["source"] == "social_care":
                entry["valid_to"] = SECOND

    before = features(copied, home.nights[1].run.run_key)
    assert any(row["has_home_care"] for row in before)
    change_policy(copied, expire)
    night = quiet_night(copied, SECOND, correction="A basis turned out to have expired.")
    after = features(copied, night.run.run_key)
    assert len(after) == len(before)
    for column in ("has_home_care", "is_care_home_resident", "care_requests_12m", "care_package_days_since_start"):
        assert {row[column] for row in after} == {None}, column
    assert {row["emergency_admissions_12m"] is None for row in after} == {False}
    corrections = [edition for edition in registers.list_editions(copied.ledger, as_of=SECOND) if edition.revision == 2]
    assert len(corrections) == 9
    for pack in packs(copied.settings.home, SECOND).values():
        manifest = json.loads((pack / "r2" / "manifest.json").read_bytes())
        used = {source["source"]: source["is_used"] for source in manifest["sources"]}
        assert used == {source: source != "social_care" for source in SOURCES}
        page = next(iter((pack / "r2").glob("*.html"))).read_text(encoding="utf-8")
        for said in ("1 source is not used in this edition (Adult social care)", "Not used"):
            assert said in page
        (social_care,) = [source for source in manifest["sources"] if source["source"] == "social_care"]
        assert "no valid lawful basis" in social_care["says"]
        assert all("No social care data" in row["data_gaps"] for row in register_rows(pack / "r2"))


def features(context: Context, run_key: str) -> list[dict[str, object]]:
    path = layout.table(context.settings.home, "feature")
    return tables.read(path, column="run_key", values=[run_key]).to_pylist()


def test_a_correction_lies_beside_the_edition_it_replaces(home: Demo, copied: Context) -> None:
    """A person's reason makes another run of the same date: it is published as r2, and r1 stays as it was."""
    change_policy(copied, lambda policy: policy.update(note="Reworded."))
    night = quiet_night(copied, SECOND, correction="The note was wrong.")
    assert night.run.run_key != home.nights[1].run.run_key
    assert night.counts["publish"]["published"] == 9
    after = tree(copied.settings.home, "registers", "localities")
    before = tree(home.home, "registers", "localities")
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[3] for name in after.keys() - before.keys()} == {"r2"}
    assert half_published(copied.settings.home) == []
    for code, pack in packs(copied.settings.home, SECOND).items():
        manifest = json.loads((pack / "r2" / "manifest.json").read_bytes())
        assert manifest["supersedes"] == f"practice.{code}.{SECOND}.r1"
        one, two = register_rows(pack), register_rows(pack / "r2")
        # A correction is not a new edition: who is new and how often someone was listed count from the last one.
        assert [row["editions_on_register"] for row in two] == [row["editions_on_register"] for row in one]
    again = quiet_night(copied, SECOND, correction="The note was wrong.")
    assert again.run.run_key == night.run.run_key
    assert tree(copied.settings.home, "registers", "localities") == after


def test_a_finished_night_run_again_after_a_change_is_a_replay_that_disturbs_nobody(
    home: Demo, copied: Context
) -> None:
    change_policy(copied, lambda policy: policy.update(note="Reworded."))
    night = quiet_night(copied, SECOND)
    assert night.run.kind == "replay"
    after = tree(copied.settings.home, "registers", "localities")
    before = tree(home.home, "registers", "localities")
    assert {name: after[name] for name in before} == before
    assert all("/replays/" in name for name in after.keys() - before.keys())
    assert len(after) > len(before)


def test_a_night_between_editions_is_computed_and_not_published(copied: Context) -> None:
    before = tree(copied.settings.home, "registers", "localities")
    night = quiet_night(copied, SECOND + timedelta(days=3))
    assert night.counts["publish"]["not_due"] == 8
    assert night.counts["publish"]["published"] == 0
    assert night.counts["score"]["people"] > 1_000
    assert tree(copied.settings.home, "registers", "localities") == before


def test_a_practice_whose_agreement_ended_gets_nothing_more(copied: Context) -> None:
    def end(policy: dict[str, Any]) -> None:
        policy["practices"][0]["valid_to"] = SECOND

    change_policy(copied, end)
    night = quiet_night(copied, SECOND, correction="An agreement had ended.")
    revised = {pack.name for pack in packs(copied.settings.home, SECOND).values() if (pack / "r2").exists()}
    assert revised == {"F83039", "F85061", "F85675"}
    cohort = tables.read(layout.table(copied.settings.home, "cohort"), column="run_key", values=[night.run.run_key])
    assert set(cohort["practice_code"].to_pylist()) == revised
    counts = night.counts["features"]
    assert counts["people"] == counts["people_scored"] + counts["people_opted_out"] + counts["people_not_registered"]


@pytest.mark.parametrize(
    ("change", "exit_code"),
    [
        (lambda policy: policy["sources"][0].update(national_data_opt_out_applies=True), 13),
        (lambda policy: policy["sources"][1].update(national_data_opt_out_applies=True), 13),
        (lambda policy: policy["sources"][0].update(valid_to=SECOND), 13),
        (lambda policy: [entry.update(valid_to=SECOND) for entry in policy["practices"]], 13),
        (lambda policy: policy["sources"][0].pop("basis"), 12),
        (lambda policy: policy["practices"].append(policy["practices"][0]), 12),
    ],
    ids=["opt-out applies to gp", "opt-out applies to acute", "gp expired", "no practice", "no basis named", "twice"],
)
def test_the_gate_closes(
    copied: Context,
    change: Callable[[dict[str, Any]], None],
    exit_code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command ends with the code an operator's script can test, names what to do, and publishes nothing."""
    change_policy(copied, change)
    before = tree(copied.settings.home, "registers", "localities")
    monkeypatch.setenv("RISKSTRAT_HOME", str(copied.settings.home))
    assert main(["nightly", "--as-of", SECOND.isoformat()]) == exit_code
    assert capsys.readouterr().err.startswith("riskstrat: ")
    assert tree(copied.settings.home, "registers", "localities") == before
