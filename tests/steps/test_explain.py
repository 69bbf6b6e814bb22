"""Explain: everybody on a practice's lists is told of once, in counts, and no small one is."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from small_home import DISSENT, PRACTICE, deliver, entry, numbers, patient
from told_night import NIGHT, told_home, told_night

from pipeline.contracts.settings import read_settings
from pipeline.errors import UserError
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.steps.opt_out.erasure import key_of
from pipeline.steps.tell.explain import as_text, explain
from pipeline.steps.tell.explain_people import counted
from pipeline.store import layout, tables

PEOPLE = numbers(20)
SCORED, OPTED_OUT = PEOPLE[:10], PEOPLE[10:11]
ENDED, DIED, HIDDEN, MOVED, AHEAD = PEOPLE[11:16]
LEFT_OUT: dict[str, dict[str, str]] = {
    ENDED: {"registration_end_date": "2026-10-01"},
    DIED: {"death_date": "2026-10-01"},
    HIDDEN: {"is_confidential": "1"},
    MOVED: {"registration_start_date": "2015-01-01"},
    AHEAD: {"registration_start_date": "2026-12-01"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, Run]:
    """Sixteen people on one practice's lists, ten of them scored; one of these has joined another practice since."""
    home = read_settings({"RISKSTRAT_HOME": str(tmp_path_factory.mktemp("explained") / "home")})
    context = told_home(home)
    rows = [patient(one, f"1{n}", **LEFT_OUT.get(one, {})) for n, one in enumerate(PEOPLE[:16])]
    rows.append(patient(MOVED, "99", practice_code="F83039", registration_start_date="2020-01-01"))
    deliver(context, "gp_patient", rows, at="2026-11-14T20:00:00")
    deliver(context, "gp_event", [entry(OPTED_OUT[0], "O-7", DISSENT)], at="2026-11-14T21:00:00")
    link(context)
    events(context)
    run = told_night(context)
    cohort = pa.table(
        {
            "person_key": [key_of(context, one) for one in SCORED],
            "practice_code": [PRACTICE] * 10,
            "is_adult": [True] * 9 + [False],
            "is_gp_covered": [True] * 10,
            "is_social_care_covered": [True] + [False] * 9,
        }
    )
    listed = pa.table(
        {"person_key": cohort["person_key"].slice(0, 9), "practice_code": [PRACTICE] * 9, "listing": ["by_rank"] * 9}
    )
    for name, rows_of in (("cohort", cohort), ("register", listed)):
        path = layout.table(context.settings.home, name)
        tables.replace_slice(path, rows_of, column="run_key", value=run.run_key)
    return context, run


def test_everybody_on_the_lists_is_counted_once(made: tuple[Context, Run]) -> None:
    context, run = made
    found = counted(context, run, practice_code=PRACTICE)
    assert (found.scored, found.adults, found.opted_out) == (10, 9, 1)
    assert dict(found.left_out) == {
        "died": 1, "ended": 1, "joined_another_later": 1, "begins_later": 1, "confidential": 1,
    }  # fmt: skip
    assert found.scored + found.opted_out + sum(found.left_out.values()) == 16
    assert (found.uncovered["gp"], found.uncovered["social_care"], found.uncovered["acute"]) == (0, 9, 10)
    assert {name: count for name, count in found.listed.items() if count} == {"by_rank": 9}


@pytest.mark.parametrize("named", ["date", "run key"])
def test_a_practices_register_is_explained_without_a_small_count(made: tuple[Context, Run], named: str) -> None:
    context, run = made
    text = "\n".join(
        as_text(explain(context, run=str(NIGHT) if named == "date" else run.run_key, practice_code=PRACTICE))
    )
    for says in (
        "scored: about 10, of them adults about 10", "on its lists and opted out: 7 or fewer",
        "their registration ended before it: 7 or fewer", "Adult social care not known for: about 10",
        "Hospital admissions not known for: everybody", "by rank: about 10", "kept from the last edition: 7 or fewer",
        "2 in 100 adults", "compares with: nothing: it is the first", "practice.F83671.2026-11-15.r1 (current)",
        "Promoted on", "opted out: 7 or fewer",
    ):  # fmt: skip
        assert says in text, says
    assert not [one for one in PEOPLE if one in text or key_of(context, one) in text]


def test_a_run_without_a_practice_names_every_edition(made: tuple[Context, Run]) -> None:
    context, run = made
    told = explain(context, run=run.run_key)
    parts = list(dict.fromkeys(one.part for one in told))
    assert parts == [f"Run {run.run_key}", "Model", "Sources", "To look at", "All practices' registers", "Editions"]
    says = {(one.part, one.name): one.says for one in told}
    assert says["All practices' registers", "listed by rank"] == "270"
    assert says["All practices' registers", "nominated"] == "7 or fewer"
    assert says["Editions", "F83671"] == "published (practice.F83671.2026-11-15.r1)"
    assert says["Editions", "F83039"] == "not due"


@pytest.mark.parametrize(
    ("run", "practice", "says"), [("0123", None, "No such run"), (str(NIGHT), "X1", "takes no part")]
)
def test_what_is_not_there_is_said_to_be(made: tuple[Context, Run], run: str, practice: Any, says: str) -> None:
    with pytest.raises(UserError, match=says):
        explain(made[0], run=run, practice_code=practice)


def test_nothing_is_written(made: tuple[Context, Run]) -> None:
    context, run = made
    home = Path(context.settings.home)

    def files() -> set[Path]:
        return {path for path in home.rglob("*") if not path.name.endswith(("-shm", "-wal"))}

    before = files()
    explain(context, run=run.run_key, practice_code=PRACTICE)
    assert files() == before
