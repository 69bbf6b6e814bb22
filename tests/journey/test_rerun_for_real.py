"""A rerun with real stages, of a night that finished and of one that stopped: the same bytes, and told in the audit."""

import contextlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from finished_home import SECOND, Demo
from homes import copy_home, first_difference, packs, refuse_late_file, store_digests, tree

from pipeline.contracts.settings import Settings
from pipeline.errors import PipelineError
from pipeline.ledger import audit, outbox, registers, runs, steps
from pipeline.rules.stages import STAGES
from pipeline.steps.at_hand.context import Context, StepResult, open_context
from pipeline.steps.night import nightly as night_step
from pipeline.steps.night.nightly import nightly
from pipeline.steps.night.rerun import ACTION, rerun
from pipeline.store import layout, tables

pytestmark = pytest.mark.acceptance

AGAIN = STAGES[STAGES.index("score") :]
BY = {"who": "A. Operator", "reason": "a slice was lost"}


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Context]:
    context = open_context(settings)
    with contextlib.redirect_stdout(io.StringIO()):
        yield context
    context.ledger.engine.dispose()


def ledger_of(context: Context) -> dict[str, object]:
    """What a rerun may not change: runs, editions and who is on them, what leaves."""
    editions = registers.list_editions(context.ledger)
    return {
        "runs": runs.list_runs(context.ledger),
        "editions": editions,
        "on them": {
            one.edition_id: registers.entries(context.ledger, edition_id=one.edition_id) for one in editions
        },
        "outbox": outbox.list_outbox(context.ledger),
    }  # fmt: skip


def digests(context: Context, run_key: str) -> dict[str, str | None]:
    return {one.step: one.digest for one in steps.list_steps(context.ledger, scope=run_key) if one.step in STAGES}


def audited(context: Context, run_key: str) -> list[tuple[str, str]]:
    entries = audit.list_entries(context.ledger, action=ACTION, run_key=run_key)
    return [(one.who, one.subject) for one in entries]


def test_a_finished_night_gives_the_same_again_and_disturbs_nothing(home: Demo, tmp_path: Path) -> None:
    """Its scores were lost from the store, and one practice's pack from the disk: both come back as they were.

    A file that was refused since is told of on no page that is made again.
    """
    settings, key = copy_home(home.home, tmp_path / "home"), home.nights[1].run.run_key
    lost = packs(settings.home, SECOND)["F83671"]
    shutil.rmtree(lost)
    refuse_late_file(settings, night=SECOND)
    for name in ("score", "segment", "register"):
        tables.delete_slices(layout.table(settings.home, name), column="run_key", values=[key])
    assert store_digests(settings.home) != store_digests(home.home)
    with opened(settings) as context:
        before, made = ledger_of(context), digests(context, key)
        done = rerun(context, as_of=SECOND, from_stage="score", **BY)
        assert list(done.same) == list(AGAIN)
        assert all(is_same is not False for is_same in done.same.values()) and done.same["score"] is True
        assert ledger_of(context) == before and digests(context, key) == made
        assert audited(context, key) == [("A. Operator", f"night of {SECOND} from score: a slice was lost")]
        assert audit.verify(context.ledger) == []
    assert (
        first_difference(tree(settings.home, "registers", "localities"), tree(home.home, "registers", "localities"))
        is None
    )
    assert first_difference(store_digests(settings.home), store_digests(home.home)) is None


def test_a_night_that_stopped_goes_on_to_the_end_it_would_have_had(
    home: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copy_home(home.before_second, tmp_path / "home")

    def stops(context: Context, *, run: runs.Run) -> StepResult:
        raise PipelineError("the machine was switched off")

    with opened(settings) as context:
        first = ledger_of(context)["editions"]
        with monkeypatch.context() as patch, pytest.raises(PipelineError, match="switched off"):
            patch.setitem(night_step.STAGES, "watch", stops)
            nightly(context, as_of=SECOND, hold_back=True)
        [stopped] = runs.list_runs(context.ledger, as_of=SECOND)
        assert stopped.state == "started" and ledger_of(context)["editions"] == first
        done = rerun(context, as_of=SECOND, from_stage="score", **BY)
        assert list(done.same) == list(AGAIN)
        # What had finished gives the same; what had not has nothing to be compared with.
        told = {name: done.same[name] for name in AGAIN}
        assert told["score"] is True and told["watch"] is None and told["publish"] is None
        finished = runs.get_run(context.ledger, stopped.run_key)
        assert finished is not None and finished.state == "finished"
        assert audited(context, stopped.run_key) == [("A. Operator", f"night of {SECOND} from score: a slice was lost")]
        assert [one for one in registers.list_editions(context.ledger) if one.as_of < SECOND] == first
        as_whole = digests(context, stopped.run_key)
    with opened(home.settings) as whole:
        assert stopped.run_key == home.nights[1].run.run_key
        assert as_whole == digests(whole, stopped.run_key)
    mine, theirs = (tree(one, "registers", "localities") for one in (settings.home, home.home))
    assert first_difference(mine, theirs) is None
