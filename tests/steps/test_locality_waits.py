"""A locality's list waits for the pack of a practice that failed, one night at most; its neighbours' packs do not."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from small_home import small_context

from pipeline.channels import folder
from pipeline.contracts.policy import load_policy
from pipeline.contracts.settings import Settings
from pipeline.errors import ChannelError, PacksBlocked
from pipeline.ledger import registers, runs
from pipeline.ledger.runs import Run
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.publish import publish as step
from pipeline.steps.publish.locality_pack import Locality
from pipeline.steps.publish.publish import publish

FIRST = date(2026, 11, 15)
GOOD, BAD, ELSEWHERE = "F83671", "F83039", "F85675"
SHARED, OTHER = "U02795", "U20036"
LOCALITIES = [
    Locality(SHARED, "one", "pcn", (GOOD, BAD)),
    Locality(OTHER, "two", "pcn", (ELSEWHERE,)),
    Locality("QMJ", "all", "icb", (GOOD, BAD, ELSEWHERE)),
]


class Publishing:
    """A home whose packs are a line each; `broken` fail. A list says which edition of each practice it was made of."""

    def __init__(self, context: Context) -> None:
        self.context, self.broken = context, set[str]()

    def night(self, as_of: date, *, correction: str | None = None) -> Run:
        return runs.freeze_run(
            self.context.ledger, run_key=f"{as_of:%Y%m%d}{correction or ''}", kind="nightly", as_of=as_of,
            knowledge="then", model_id="m", inputs={"correction": correction}, delivery_ids=[],
            at=datetime(2026, 11, 16, 6, tzinfo=UTC),
        )  # fmt: skip

    def practice(self, context: Context, night: Any, *, code: str, **_: object) -> Any:
        if code in self.broken:
            raise ChannelError("The staged pack failed its last check")
        return SimpleNamespace(files=self._files(night, code), entries=[])

    def locality(self, context: Context, night: Any, locality: Locality, **_: object) -> dict[str, bytes]:
        held = {code: self.held(code, before=index_date(night.run.as_of)) for code in locality.practice_codes}
        return self._files(night, json.dumps(held))

    def held(self, code: str, *, before: date) -> str | None:
        last = registers.last_edition(self.context.ledger, plane="practice", code=code, before=before)
        return last.edition_id if last else None

    def _files(self, night: Any, says: str) -> dict[str, bytes]:
        return {"RISK.csv": says.encode(), folder.MANIFEST: json.dumps({"run_key": night.run.run_key}).encode()}

    def lists(self, as_of: date) -> dict[str, dict[str, str | None]]:
        """By locality, the edition of each practice that its newest list of the night was made of."""
        found = registers.list_editions(self.context.ledger, as_of=as_of, plane="locality")
        home = self.context.settings.home
        return {one.code: json.loads((home / one.path / "RISK.csv").read_text()) for one in found}


@pytest.fixture
def publishing(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Publishing:
    context = small_context(home)
    made, policy = Publishing(context), load_policy(home.policy_file)
    few = tuple(one for one in policy.practices if one.practice_code in (GOOD, BAD, ELSEWHERE))
    stands_in: dict[str, Callable[..., Any]] = {
        "open_night": lambda c, run, policy: SimpleNamespace(
            run=run, policy=policy, vault=SimpleNamespace(close=lambda: None)
        ),
        "policy_of_run": lambda c, run: policy.model_copy(update={"practices": few}),
        "localities": lambda night, policy: LOCALITIES,
        "has_lists": lambda night, policy: True,
        "counts_for_planners": lambda c, night, policy, due: SimpleNamespace(packs={"QMJ": object()}, why_not=None),
        "practice_files": made.practice,
        "locality_files": made.locality,
        "check_staged": lambda *_, **__: None,
        "people_in": lambda c, target: set(),
    }
    for name, stand_in in stands_in.items():
        monkeypatch.setattr(step, name, stand_in)
    return made


def blocked(publishing: Publishing, run: Run) -> str:
    with pytest.raises(PacksBlocked) as told:
        publish(publishing.context, run=run)
    assert told.value.codes == (BAD,)
    return str(told.value)


def weekly(publishing: Publishing) -> Run:
    """The first week is whole; the run of the second."""
    publish(publishing.context, run=publishing.night(FIRST))
    return publishing.night(FIRST + timedelta(days=7))


def test_the_list_is_made_of_the_pack_that_was_mended(publishing: Publishing) -> None:
    run = weekly(publishing)
    publishing.broken = {BAD}
    says = blocked(publishing, run)
    assert says.count(f"the lists of {SHARED} wait for it") == 1
    assert set(publishing.lists(run.as_of)) == {OTHER, "QMJ"}
    publishing.broken = set()
    publish(publishing.context, run=run)
    assert publishing.lists(run.as_of)[SHARED] == {
        GOOD: f"practice.{GOOD}.{run.as_of}.r1",
        BAD: f"practice.{BAD}.{run.as_of}.r1",
    }


def test_a_practice_that_goes_on_failing_takes_the_list_from_nobody(publishing: Publishing) -> None:
    run = weekly(publishing)
    publishing.broken = {BAD}
    blocked(publishing, run)
    after = publishing.night(run.as_of + timedelta(days=1))
    assert "wait" not in blocked(publishing, after)
    assert publishing.lists(after.as_of)[SHARED] == {
        GOOD: f"practice.{GOOD}.{run.as_of}.r1",
        BAD: f"practice.{BAD}.{FIRST}.r1",
    }


def test_practices_and_localities_have_the_day_that_the_policy_names(
    publishing: Publishing, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = step.policy_of_run(publishing.context, publishing.night(FIRST))
    days = {GOOD: "sunday", BAD: "tuesday"}
    practices = tuple(one.model_copy(update={"edition_day": days.get(one.practice_code)}) for one in policy.practices)
    localities = policy.localities.model_copy(update={"edition_day": "tuesday"})
    declared = policy.model_copy(update={"practices": practices, "localities": localities})
    monkeypatch.setattr(step, "policy_of_run", lambda context, run: declared)
    found: dict[int, list[str]] = {}
    for number in (1, 2, 7, 8, 9):
        run = publishing.night(FIRST + timedelta(days=number))
        due = {1: {GOOD, BAD, ELSEWHERE}, 2: {BAD}, 7: {GOOD}, 8: {ELSEWHERE}, 9: {BAD}}[number]
        assert set(step.practices_due(publishing.context, run=run)) == due
        publish(publishing.context, run=run)
        found[number] = [one.code for one in registers.list_editions(publishing.context.ledger, as_of=run.as_of)]
    assert SHARED in found[1] and SHARED in found[2] and SHARED not in found[7] and SHARED in found[9]


def test_the_first_list_of_all_waits_one_night_as_well(publishing: Publishing) -> None:
    publishing.broken = {BAD}
    first = publishing.night(FIRST)
    blocked(publishing, first)
    assert SHARED not in publishing.lists(FIRST)
    after = publishing.night(FIRST + timedelta(days=1))
    blocked(publishing, after)
    assert publishing.lists(after.as_of)[SHARED] == {GOOD: f"practice.{GOOD}.{FIRST}.r1", BAD: None}


def test_a_correction_waits_and_what_lies_there_is_left_alone(publishing: Publishing) -> None:
    run = weekly(publishing)
    publish(publishing.context, run=run)
    publishing.broken = {BAD}
    corrected = publishing.night(run.as_of, correction="a ward was missing")
    blocked(publishing, corrected)
    newest = {one.code: one.revision for one in registers.list_editions(publishing.context.ledger, as_of=run.as_of)}
    assert (newest[SHARED], newest[OTHER], newest[GOOD], newest[BAD]) == (1, 2, 2, 1)
    # Of a run whose list is out already nothing waits.
    (publishing.context.settings.home / "registers" / str(run.as_of) / BAD / folder.MANIFEST).unlink()
    assert "wait" not in blocked(publishing, replace(run))
