"""Recall: what may be recalled, what is recorded, the notice beside the files, and what no longer rests on it."""

import shlex
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from small_home import ANN, PRACTICE, small_context

from pipeline.__main__ import main
from pipeline.channels.folder import MANIFEST
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import UserError
from pipeline.ledger import audit, registers, runs
from pipeline.ledger.recalls import recalls
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import last_counted, once_listed, taken_back
from pipeline.steps.publish.publish import _slot
from pipeline.steps.publish.recall import editions, recall, recalls_to_look_at
from pipeline.steps.upkeep.retention_needs import needs
from pipeline.steps.validate.overrule import editions_in_use

FIRST, SECOND, THIRD = date(2026, 11, 8), date(2026, 11, 15), date(2026, 11, 22)
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def context(home: Settings) -> Context:
    return small_context(home.model_copy(update={"now": AT}))


def a_run(context: Context, key: str, as_of: date, **inputs: object) -> Run:
    return runs.freeze_run(
        context.ledger, run_key=key, kind="nightly", as_of=as_of, knowledge="then", model_id="m",
        inputs=dict(inputs), delivery_ids=[], at=AT,
    )  # fmt: skip


def publish(
    context: Context, run: Run, *, plane: str = "practice", code: str = PRACTICE, revision: int = 1,
    kind: str = "current", people: tuple[str, ...] = (),
) -> str:  # fmt: skip
    """An edition on disk and in the ledger; its id."""
    edition_id = f"{'replay.' if kind == 'replay' else ''}{plane}.{code}.{run.as_of}.r{revision}"
    path = f"registers/{run.as_of}/{code}" + ("" if revision == 1 else f"/r{revision}")
    (context.settings.home / path).mkdir(parents=True, exist_ok=True)
    (context.settings.home / path / MANIFEST).write_text("{}")
    registers.record_edition(
        context.ledger,
        edition=Edition(edition_id, run.run_key, kind, plane, run.as_of, code, revision, "0" * 64, path,
                        {"people": len(people)}, AT + timedelta(minutes=revision)),
        entries=[
            Entry(one, "by_rank", rank, Decimal("0.5"), "frailty", run.as_of, 1, 0)
            for rank, one in enumerate(people, start=1)
        ],
    )  # fmt: skip
    return edition_id


def test_a_recall_is_recorded_audited_and_told_beside_the_files(context: Context) -> None:
    edition_id = publish(context, a_run(context, "01", SECOND), people=("p_1", "p_2"))
    done = recall(context, edition_id=edition_id, who="A. Operator", reason="a trust's file was read twice")
    assert (done.is_new, done.has_notice, done.recall.recalled_at) == (True, True, AT)
    notice = (context.settings.home / "registers/2026-11-15/F83671/RECALLED.txt").read_text(encoding="utf-8")
    for said in (edition_id, "15 November 2026", "23 November 2026", "a trust's file was read twice", "delete"):
        assert said in notice
    assert "A. Operator" not in notice
    [row] = audit.list_entries(context.ledger, action="recall")
    assert (row.who, row.run_key, row.subject) == ("A. Operator", "01", edition_id)
    assert row.counts == {"people": 2, "reason": "a trust's file was read twice"}
    assert audit.verify(context.ledger) == []


def test_twice_is_once_and_finishes_what_a_kill_left(context: Context) -> None:
    edition_id = publish(context, a_run(context, "01", SECOND))
    recall(context, edition_id=edition_id, who="A. Operator", reason="wrong")
    path = context.settings.home / "registers/2026-11-15/F83671/RECALLED.txt"
    before = path.read_bytes()
    path.unlink()
    again = recall(context, edition_id=edition_id, who="B. Other", reason="another reason")
    assert (again.is_new, again.recall.who, again.recall.reason) == (False, "A. Operator", "wrong")
    assert path.read_bytes() == before
    assert len(audit.list_entries(context.ledger, action="recall")) == 1


def test_what_was_never_published_cannot_be_recalled(context: Context) -> None:
    replayed = publish(context, a_run(context, "01", SECOND), kind="replay")
    for edition_id, says in (("practice.F83671.2026-11-15.r1", "ever published"), (replayed, "replay")):
        with pytest.raises(UserError, match=says):
            recall(context, edition_id=edition_id, who="A. Operator", reason="wrong")
    assert recalls(context.ledger) == {}


@pytest.mark.parametrize(("who", "reason"), [("", "wrong"), ("A. Operator", " "), ("A. Operator", f"about {ANN}")])
def test_a_recall_needs_a_name_and_a_reason_without_a_number(context: Context, who: str, reason: str) -> None:
    edition_id = publish(context, a_run(context, "01", SECOND))
    with pytest.raises(UserError):
        recall(context, edition_id=edition_id, who=who, reason=reason)
    assert recalls(context.ledger) == {}


def test_files_that_are_gone_need_no_notice(context: Context) -> None:
    edition_id = publish(context, a_run(context, "01", SECOND))
    (context.settings.home / "registers/2026-11-15/F83671" / MANIFEST).unlink()
    (context.settings.home / "registers/2026-11-15/F83671").rmdir()
    assert recall(context, edition_id=edition_id, who="A. Operator", reason="wrong").has_notice is False


def test_a_recalled_edition_is_no_last_edition_and_its_successor_is_due_and_says_so(context: Context) -> None:
    first = publish(context, a_run(context, "01", FIRST), people=("p_1",))
    second = publish(context, a_run(context, "02", SECOND), people=("p_2",))
    next_night = a_run(context, "03", SECOND + timedelta(days=1))
    assert _slot(context, next_night, plane="practice", code=PRACTICE) is None
    recall(context, edition_id=second, who="A. Operator", reason="wrong")
    last = registers.last_edition(context.ledger, plane="practice", code=PRACTICE, before=THIRD)
    assert last is not None
    assert last.edition_id == first
    assert _slot(context, next_night, plane="practice", code=PRACTICE) is not None
    run = a_run(context, "04", THIRD, recalled=[second])
    assert once_listed(context.ledger, code=PRACTICE, run=run) == {"p_1"}
    [told] = taken_back(context.ledger, plane="practice", code=PRACTICE, run=run, since=FIRST, revision=1)
    assert (told.edition_id, told.as_of, told.recalled_on, told.reason) == (second, SECOND, AT.date(), "wrong")
    # A run that was frozen before the recall knows nothing of it, and makes the bytes it made.
    earlier = a_run(context, "05", THIRD, recalled=[])
    assert once_listed(context.ledger, code=PRACTICE, run=earlier) == {"p_1", "p_2"}
    assert taken_back(context.ledger, plane="practice", code=PRACTICE, run=earlier, since=None, revision=1) == ()


def test_what_a_recalled_correction_replaced_does_not_count_again(context: Context) -> None:
    first = publish(context, a_run(context, "01", FIRST))
    publish(context, a_run(context, "02", SECOND))
    corrected = publish(context, a_run(context, "03", SECOND, correction="wrong"), revision=2)
    recall(context, edition_id=corrected, who="A. Operator", reason="worse")

    def last() -> str | None:
        found = registers.last_edition(context.ledger, plane="practice", code=PRACTICE, before=THIRD)
        return found and found.edition_id

    assert last() == first
    third = publish(context, a_run(context, "04", SECOND, correction="better"), revision=3)
    assert last() == third


def test_the_first_of_two_revisions_may_be_recalled_and_the_second_counts(context: Context) -> None:
    wrong = publish(context, a_run(context, "01", SECOND))
    corrected = publish(context, a_run(context, "02", SECOND, correction="wrong"), revision=2)
    recall(context, edition_id=wrong, who="A. Operator", reason="wrong")
    last = registers.last_edition(context.ledger, plane="practice", code=PRACTICE, before=THIRD)
    assert last is not None
    assert last.edition_id == corrected
    run = a_run(context, "03", SECOND, correction="x", recalled=[wrong])
    told = taken_back(context.ledger, plane="practice", code=PRACTICE, run=run, since=None, revision=3)
    assert [one.edition_id for one in told] == [wrong]


def test_counts_are_kept_safe_beside_what_was_handed_out_last_recalled_or_not(context: Context) -> None:
    """A chain in the order of publication: a late correction of an early night stands after the later night."""

    def icb(run: Run, revision: int = 1) -> str:
        return publish(context, run, plane="locality", code="QMJ", revision=revision)

    def last() -> str | None:
        found = last_counted(context.ledger, code="QMJ")
        return found and found.edition_id

    assert last() is None
    first = icb(a_run(context, "01", FIRST, previous_editions={"QMJ": None}))
    second = icb(a_run(context, "02", SECOND, previous_editions={"QMJ": first}))
    assert last() == second
    recall(context, edition_id=second, who="A. Operator", reason="wrong")
    assert last() == second
    corrected = icb(a_run(context, "03", FIRST, correction="late", previous_editions={"QMJ": second}), 2)
    assert last() == corrected


def test_the_edition_to_compare_with_and_the_one_to_be_safe_beside_are_never_purged(context: Context) -> None:
    first = publish(context, a_run(context, "01", FIRST))
    second = publish(context, a_run(context, "02", SECOND))
    kept = needs(context, day=date(2030, 1, 1), window_days=30).editions
    assert kept == {second}
    recall(context, edition_id=second, who="A. Operator", reason="wrong")
    assert needs(context, day=date(2030, 1, 1), window_days=30).editions == {first, second}


def test_status_and_the_list_of_editions_tell_of_it_until_another_follows(context: Context) -> None:
    publish(context, a_run(context, "01", FIRST))
    second = publish(context, a_run(context, "02", SECOND))
    recall(context, edition_id=second, who="A. Operator", reason="wrong")
    [look] = recalls_to_look_at(context)
    assert second in look.says
    assert "--as-of 2026-11-15 --correct" in look.next_step
    assert editions_in_use(context, "none") == []
    lines = editions(context, code=PRACTICE)
    assert [line.split("  ")[-1] for line in lines] == [
        "in force",
        "RECALLED on 2026-11-23 by A. Operator: wrong",
    ]
    publish(context, a_run(context, "03", SECOND, correction="better"), revision=2)
    assert recalls_to_look_at(context) == []


def test_the_command_says_what_it_did(
    context: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edition_id = publish(context, a_run(context, "01", SECOND))
    monkeypatch.setenv("RISKSTRAT_HOME", str(context.settings.home))
    words = ["recall", edition_id, "--who", "A. Operator", "--reason", "wrong model"]
    assert main(words) == 0
    assert main(words) == 0
    assert main(["editions", "--code", PRACTICE]) == 0
    assert main(["recall", "practice.F83671.2026-11-16.r1", "--who", "A", "--reason", "wrong"]) == 2
    out = capsys.readouterr()
    first, second, line = out.out.splitlines()
    assert first == f"{edition_id} recalled; RECALLED.txt lies beside its files"
    assert "was recalled before" in second
    assert "RECALLED on" in line
    assert "riskstrat editions" in out.err


def test_the_runbooks_commands_do_what_it_says(
    context: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All but the night itself, which tests/journey runs."""
    publish(context, a_run(context, "01", THIRD))
    monkeypatch.setenv("RISKSTRAT_HOME", str(context.settings.home))
    page = (PROJECT / "docs" / "runbooks" / "wrong-register.md").read_text(encoding="utf-8")
    lines = [shlex.split(line)[1:] for line in page.splitlines() if line.startswith(".venv/bin/riskstrat ")]
    assert [words[0] for words in lines] == ["editions", "recall", "nightly", "status"]
    assert [main(words) for words in lines[:2]] == [0, 0]
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(lines[1][1])
    assert (context.settings.home / "registers/2026-11-22/F83671/RECALLED.txt").is_file()
    [look] = recalls_to_look_at(context)
    assert f"nightly --as-of {THIRD} --correct" in look.next_step
