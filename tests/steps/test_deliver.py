"""Delivering by folder, and by a carrier in memory that fails where it is told to; what status says of it.

The same against the real MESH sandbox, with kills, is in tests/mesh.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from carrier_in_memory import FRIDAY_NOON, ONE, TWO, Carrier, home_by_mesh, lost, mark_sending
from small_outbox import AT, NIGHT, a_home, opened, publish, settings_of, states, to_folders

from pipeline.channels.transport import Unreachable
from pipeline.errors import ChannelError, UserError
from pipeline.ledger import audit, outbox, registers
from pipeline.ledger.connect import writing
from pipeline.steps.at_hand.context import RESTORED, Context
from pipeline.steps.at_hand.leaving import notice_leaves
from pipeline.steps.exchange import deliver as delivering
from pipeline.steps.exchange.deliver import deliver
from pipeline.steps.exchange.deliver_watch import collect_by, look_at, unacknowledged
from pipeline.steps.exchange.settle import settle


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return a_home(tmp_path / "home", plan=to_folders(tmp_path / "shares", [ONE, TWO]))


def pack_of(tmp_path: Path, code: str, *, revision: int = 1) -> Path:
    return tmp_path / "shares" / code / f"RISKREG_{code}_20261115_r{revision}_0123abcd"


def test_without_a_plan_nothing_is_entered_and_deliver_says_so(tmp_path: Path) -> None:
    context = a_home(tmp_path / "home")
    assert publish(context, ONE) == []
    assert look_at(context) == []
    with pytest.raises(UserError, match="Nothing says where packs go"):
        deliver(context)


def test_a_pack_appears_whole_in_its_practices_folder_and_nowhere_else(context: Context, tmp_path: Path) -> None:
    publish(context, ONE)
    assert deliver(context).counts["sent"] == 1
    there = pack_of(tmp_path, ONE)
    published = context.settings.home / "registers" / str(NIGHT) / ONE
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {
        path.name: path.read_bytes() for path in published.iterdir()
    }
    assert list((tmp_path / "shares" / TWO).iterdir()) == []
    assert deliver(context).counts["sent"] == 0
    assert [one.action for one in audit.list_entries(context.ledger)].count("deliver") == 1


def test_the_row_is_entered_with_the_edition_or_not_at_all(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "enter", fails)
        with pytest.raises(RuntimeError):
            publish(context, ONE)
    assert registers.list_editions(context.ledger) == []
    assert states(context) == {}


def test_a_practice_the_plan_does_not_name_and_a_replay_have_no_row(context: Context) -> None:
    assert publish(context, "F83999") == []
    assert publish(context, ONE, kind="replay") == []


def test_only_where_packs_are_taken_out_is_one_that_lies_there_not_collected(tmp_path: Path) -> None:
    context = a_home(tmp_path / "home", plan=to_folders(tmp_path / "shares", [ONE], is_emptied=True))
    (row,) = publish(context, ONE)
    deliver(context)
    assert states(context) == {row.local_id: "sent"}
    pack_of(tmp_path, ONE).rename(tmp_path / "taken")
    assert deliver(context).counts["collected"] == 1
    assert deliver(context).counts["sent"] == 0
    assert not pack_of(tmp_path, ONE).exists()


def test_a_folder_that_is_away_holds_up_nobody_else(context: Context, tmp_path: Path) -> None:
    (tmp_path / "shares" / ONE).rmdir()
    publish(context, ONE)
    publish(context, TWO)
    with pytest.raises(ChannelError, match="folder is not there"):
        deliver(context)
    assert sorted(states(context).values()) == ["collected", "waiting"]
    (tmp_path / "shares" / ONE).mkdir()
    assert deliver(context).counts["sent"] == 1


def test_a_kill_while_files_are_laid_down_shows_nothing_and_is_made_good(context: Context, tmp_path: Path) -> None:
    (row,) = publish(context, ONE)
    half = tmp_path / "shares" / ONE / f".staging-{pack_of(tmp_path, ONE).name}"
    half.mkdir()
    (half / "manifest.json").write_text("half")
    mark_sending(context, row.local_id)
    assert deliver(context).counts["sent"] == 1
    assert not half.exists()
    assert (pack_of(tmp_path, ONE) / "manifest.json").read_text() != "half"


def test_a_kill_after_they_were_laid_down_is_found(context: Context) -> None:
    (row,) = publish(context, ONE)
    deliver(context)
    mark_sending(context, row.local_id)
    assert deliver(context).counts["found"] == 1


def test_something_else_in_the_packs_place_is_not_overwritten(context: Context, tmp_path: Path) -> None:
    (row,) = publish(context, ONE)
    pack_of(tmp_path, ONE).mkdir()
    (pack_of(tmp_path, ONE) / "other.txt").write_text("somebody's")
    with pytest.raises(ChannelError, match="Something else lies where the pack should go"):
        deliver(context)
    assert states(context) == {row.local_id: "refused"}
    assert (pack_of(tmp_path, ONE) / "other.txt").read_text() == "somebody's"


def test_a_pack_that_was_altered_after_publication_stays_here(context: Context, tmp_path: Path) -> None:
    (row,) = publish(context, ONE)
    file = context.settings.home / "registers" / str(NIGHT) / ONE / f"RISKREG_{ONE}.csv"
    before = file.read_bytes()
    file.write_text("altered")
    assert deliver(context).counts["held"] == 1
    assert states(context) == {row.local_id: "held"}
    assert list((tmp_path / "shares" / ONE).iterdir()) == []
    file.write_bytes(before)
    assert deliver(context).counts["sent"] == 1


def test_a_pack_that_could_not_leave_stays_when_a_newer_one_is_there(context: Context, tmp_path: Path) -> None:
    (row,) = publish(context, ONE)
    published = context.settings.home / "registers" / str(NIGHT) / ONE
    published.rename(tmp_path / "away")
    deliver(context)
    publish(context, ONE, as_of=NIGHT + timedelta(days=7))
    (tmp_path / "away").rename(published)
    assert deliver(context).counts["sent"] == 1
    assert states(context)[row.local_id] == "withdrawn"


def test_a_notice_waits_for_its_file(context: Context, tmp_path: Path) -> None:
    (row,) = publish(context, ONE)
    deliver(context)
    edition = registers.get_edition(context.ledger, row.edition_id)
    assert edition is not None
    (notice,) = notice_leaves(context, edition, notice=b"gone")
    with writing(context.ledger) as connection:
        outbox.recall(connection, edition_id=row.edition_id, notice=[notice], at=AT)
    assert deliver(context).counts["sent"] == 0
    assert states(context)[notice.local_id] == "waiting"
    (context.settings.home / edition.path / "RECALLED.txt").write_bytes(b"gone")
    assert deliver(context).counts["sent"] == 1


def test_who_dissents_before_a_pack_has_left_keeps_it_here(context: Context, tmp_path: Path) -> None:
    (row,) = publish(context, ONE)
    audit.append(
        context.ledger, at=AT, who="pipeline", action=delivering.ERASED, run_key=None, subject=row.edition_id, counts={}
    )
    assert deliver(context).counts["held"] == 1
    assert any("dissented since" in says for says, _ in look_at(context))
    publish(context, ONE, revision=2)
    assert deliver(context).counts["sent"] == 1
    assert not any("dissented since" in says for says, _ in look_at(context))


def test_what_was_corrected_before_it_left_is_not_sent(context: Context, tmp_path: Path) -> None:
    publish(context, ONE)
    publish(context, ONE, revision=2)
    deliver(context)
    assert sorted(states(context).values()) == ["collected", "withdrawn"]
    assert not pack_of(tmp_path, ONE).exists()
    assert pack_of(tmp_path, ONE, revision=2).exists()


@pytest.mark.parametrize("has_left", [False, True])
def test_a_recall_keeps_a_pack_here_or_sends_the_notice_after_it(
    context: Context, tmp_path: Path, has_left: bool
) -> None:
    (row,) = publish(context, ONE)
    if has_left:
        deliver(context)
    edition = registers.get_edition(context.ledger, row.edition_id)
    assert edition is not None
    notice = b"This edition was recalled.\n"
    (context.settings.home / edition.path / "RECALLED.txt").write_bytes(notice)
    with writing(context.ledger) as connection:
        outbox.recall(
            connection, edition_id=row.edition_id, notice=notice_leaves(context, edition, notice=notice), at=AT
        )
    deliver(context)
    lies_there = sorted(path.name.partition("_")[0] for path in (tmp_path / "shares" / ONE).iterdir())
    assert lies_there == (["RECALL", "RISKREG"] if has_left else [])


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Carrier:
    made = Carrier()

    @contextmanager
    def opening(mesh: object) -> Iterator[Carrier]:
        yield made

    monkeypatch.setattr(delivering, "open_mesh", opening)
    return made


@pytest.fixture
def by_mesh(tmp_path: Path, carrier: Carrier) -> Context:
    return home_by_mesh(tmp_path)


def test_an_answer_that_is_lost_leads_to_a_question_and_not_to_a_second_sending(
    by_mesh: Context, carrier: Carrier
) -> None:
    (row,) = publish(by_mesh, ONE)
    carrier.fails_with = [lost()]
    assert deliver(by_mesh).counts["unknown"] == 1
    assert states(by_mesh) == {row.local_id: "sending"}
    assert deliver(by_mesh).counts["found"] == 1
    assert {name: len(ids) for name, ids in carrier.kept.items()} == {row.local_id: 1}


def test_a_question_that_finds_nothing_any_more_proves_nothing(by_mesh: Context, carrier: Carrier) -> None:
    """As if the deprecated question had been retired: unknown stays unknown, whatever it costs."""
    publish(by_mesh, TWO)
    deliver(by_mesh)
    (row,) = publish(by_mesh, ONE)
    carrier.fails_with, carrier.can_find = [lost()], False
    for _ in range(3):
        assert deliver(by_mesh).counts["unknown"] == 1
    assert len(carrier.kept[row.local_id]) == 1
    told = [says for says, _ in look_at(by_mesh)]
    assert f"It is not known whether {row.local_id} has left" in told


def test_a_retired_question_keeps_nothing_here_that_never_was_handed_over(by_mesh: Context, carrier: Carrier) -> None:
    (unknown,), (waiting,) = publish(by_mesh, ONE), publish(by_mesh, TWO)
    mark_sending(by_mesh, unknown.local_id)
    carrier.takes_questions = False
    for _ in range(2):
        with pytest.raises(ChannelError, match=f"1 things.*does not say what became.*{unknown.local_id}"):
            deliver(by_mesh)
    assert states(by_mesh) == {unknown.local_id: "sending", waiting.local_id: "sent"}
    assert list(carrier.kept) == [waiting.local_id]
    settle(by_mesh, name=unknown.local_id, verdict="again", who="A. Operator", reason="they do not have it")
    assert deliver(by_mesh).counts["sent"] == 1


def test_what_waited_in_a_restored_ledger_may_have_left(by_mesh: Context, carrier: Carrier) -> None:
    """It was handed over after the backup was made; what is entered since the restore is not in doubt."""
    (before,) = publish(by_mesh, ONE)
    carrier.kept[before.local_id], carrier.takes_questions = ["m1"], False
    audit.append(
        by_mesh.ledger, at=by_mesh.now(), who="A. Operator", action=RESTORED, run_key=None, subject="x", counts={}
    )
    after = replace(by_mesh, settings=by_mesh.settings.model_copy(update={"now": FRIDAY_NOON + timedelta(hours=1)}))
    (since,) = publish(after, TWO)
    with pytest.raises(ChannelError, match=before.local_id):
        deliver(after)
    assert states(after) == {before.local_id: "sending", since.local_id: "sent"}
    assert carrier.kept[before.local_id] == ["m1"]
    later = replace(by_mesh, settings=by_mesh.settings.model_copy(update={"now": FRIDAY_NOON + timedelta(hours=2)}))
    settle(later, name=before.local_id, verdict="again", who="A. Operator", reason="they do not have it")
    assert deliver(later).counts["sent"] == 1


def test_a_person_settles_what_stays_unknown(by_mesh: Context, carrier: Carrier) -> None:
    (row,) = publish(by_mesh, ONE)
    mark_sending(by_mesh, row.local_id)
    assert deliver(by_mesh).counts["unknown"] == 1
    settle(by_mesh, name=row.local_id, verdict="again", who="A. Operator", reason="they do not have it")
    assert deliver(by_mesh).counts["sent"] == 1
    assert list(carrier.kept) == [row.local_id]
    with pytest.raises(UserError, match="NHS number"):
        settle(by_mesh, name=row.local_id, verdict="arrived", who="A. Operator", reason="asked about 999 000 0018")
    settle(by_mesh, name=row.local_id, verdict="arrived", who="A. Operator", reason="rang them")
    assert states(by_mesh) == {row.local_id: "collected"}
    assert [one.who for one in audit.list_entries(by_mesh.ledger, action="settle")] == ["A. Operator"] * 2


def test_what_was_undelivered_is_sent_again_under_another_name_and_only_by_a_persons_word(
    by_mesh: Context, carrier: Carrier
) -> None:
    (row,) = publish(by_mesh, ONE)
    deliver(by_mesh)
    outbox.move(by_mesh.ledger, row.local_id, at=AT, event="undelivered", state="undelivered", reason="code 14")
    assert deliver(by_mesh).counts["sent"] == 0
    assert any("is undelivered: code 14" in says for says, _ in look_at(by_mesh))
    settle(by_mesh, name=row.local_id, verdict="again", who="A. Operator", reason="they are back")
    assert deliver(by_mesh).counts["sent"] == 1
    assert sorted(carrier.kept) == [row.local_id, f"{row.local_id}-again2"]
    with pytest.raises(UserError, match="nothing any more"):
        settle(by_mesh, name=row.local_id, verdict="again", who="A. Operator", reason="once more")


def test_found_twice_is_told_and_followed_as_one(by_mesh: Context, carrier: Carrier) -> None:
    (row,) = publish(by_mesh, ONE)
    mark_sending(by_mesh, row.local_id)
    carrier.kept[row.local_id] = ["a", "b"]
    assert deliver(by_mesh).counts["found"] == 1
    assert "found twice" in [one.event for one in outbox.events(by_mesh.ledger)]


def test_after_three_lost_answers_in_a_row_the_carrier_is_left_alone(by_mesh: Context, carrier: Carrier) -> None:
    for week in range(5):
        publish(by_mesh, ONE, as_of=NIGHT + timedelta(days=7 * week))
    carrier.fails_with = [lost(), lost(), lost()]
    with pytest.raises(ChannelError, match="3 answers were lost in a row"):
        deliver(by_mesh)
    assert sum(len(ids) for ids in carrier.kept.values()) == 3
    counts = deliver(by_mesh).counts
    assert (counts["found"], counts["sent"]) == (3, 2)
    assert all(len(ids) == 1 for ids in carrier.kept.values())


def test_a_carrier_out_of_reach_leaves_everything_waiting(by_mesh: Context, carrier: Carrier) -> None:
    publish(by_mesh, ONE)
    publish(by_mesh, TWO)
    carrier.fails_with = [Unreachable("The network is down")]
    with pytest.raises(ChannelError, match="network is down"):
        deliver(by_mesh)
    assert set(states(by_mesh).values()) == {"waiting"}
    assert deliver(by_mesh).counts["sent"] == 2


@pytest.mark.parametrize(
    ("day", "is_told"),
    [(date(2026, 12, 21), False), (date(2026, 12, 23), False), (date(2026, 12, 24), True), (date(2026, 12, 29), True)],
)
def test_what_is_not_collected_in_three_working_days_is_told(by_mesh: Context, day: date, is_told: bool) -> None:
    """Sent on a Friday: Monday, Tuesday and Wednesday count, the weekend does not."""
    (row,) = publish(by_mesh, ONE)
    deliver(by_mesh)
    later = opened(settings_of(by_mesh.settings.home, now=datetime(day.year, day.month, day.day, 9, tzinfo=UTC)))
    told = [says for says, _ in look_at(later) if "has not been collected in 3 working days" in says]
    assert bool(told) == is_told
    assert [one["local_id"] for one in unacknowledged(later)] == [row.local_id]


def test_bank_holidays_do_not_count() -> None:
    holidays = frozenset({date(2026, 12, 25), date(2026, 12, 28)})
    assert collect_by(datetime(2026, 12, 23, 9, tzinfo=UTC), holidays=holidays) == date(2026, 12, 30)


def test_a_mailbox_that_has_not_shaken_hands_for_a_day_is_told(by_mesh: Context) -> None:
    assert any("has shaken hands never" in says for says, _ in look_at(by_mesh))
    deliver(by_mesh)
    assert not any("shaken hands" in says for says, _ in look_at(by_mesh))
    later = opened(settings_of(by_mesh.settings.home, now=FRIDAY_NOON + timedelta(hours=25)))
    assert any("has shaken hands not since 18 December 12:00" in says for says, _ in look_at(later))


def test_a_plan_that_cannot_be_read_is_told_and_stops_delivery(context: Context) -> None:
    context.settings.delivery_file.write_text("delivery: [")
    assert any("delivery plan does not hold together" in says for says, _ in look_at(context))
    with pytest.raises(UserError, match="does not hold together"):
        deliver(context)
