"""The National Data Opt-Out from request to withdrawal: every fault closes the gate, and nobody's opt-out is kept."""

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from run_home import enter_model, write_policy
from small_home import ANN, BEN, CAT, DISSENT, deliver, entry, keys, patient, people_in, small_context

from pipeline.contracts.settings import Settings
from pipeline.errors import GateClosed, UserError
from pipeline.ledger import audit
from pipeline.rules.opt_out_check import INVALID_NUMBERS, request_bytes
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.features.features import features
from pipeline.steps.link.link import link
from pipeline.steps.opt_out import erasure, opt_outs
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.publish.pack_check import _people_problems
from pipeline.steps.run.run import open_run
from pipeline.steps.tell.status import STOPPED, status
from pipeline.store import layout
from pipeline.store.allowed import read_allowed
from pipeline.store.vault import open_vault

NIGHT = date(2026, 11, 15)
START = datetime(2026, 11, 16, 8, tzinfo=UTC)


def applies(policy: dict[str, Any]) -> None:
    policy["sources"][0]["national_data_opt_out_applies"] = True
    policy["check_service"] |= {"people_per_file": 2, "fewest_allowed_share": 0.4, "allowed_for_days": 7}


def later(context: Context, **by: int) -> Context:
    """The same home at a later moment."""
    moment = context.now() + timedelta(**by)
    return Context(
        settings=context.settings.model_copy(update={"now": moment}), ledger=context.ledger, keys=context.keys
    )


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann, Ben and Cat, where the opt-out applies to the GP source; nothing is linked yet."""
    context = small_context(home.model_copy(update={"now": START}))
    write_policy(home, applies)
    enter_model(context, "model")
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "3")])
    deliver(context, "gp_event", [entry(ANN, "O-1"), entry(BEN, "O-2"), entry(CAT, "O-3")])
    return context


def request(context: Context) -> list[Path]:
    opt_outs.request(context, who="a person", reason="the weekly check")
    return sorted(layout.opt_out_requests(context.settings.home).iterdir())


def read(context: Context) -> dict[str, int]:
    return opt_outs.read(context, who="a person", reason="the weekly check").counts


def reply(context: Context, *away: str) -> None:
    """What the service would answer if these people had opted out."""
    home = context.settings.home
    for asked in layout.opt_out_requests(home).iterdir():
        kept = [line for line in asked.read_text().splitlines(keepends=True) if line.rstrip(",\n") not in away]
        (layout.opt_out_replies(home) / asked.name).write_text("".join(kept))


def checked(context: Context, *away: str) -> dict[str, int]:
    request(context)
    reply(context, *away)
    return read(context)


def linked(context: Context) -> list[str]:
    return people_in(context, layout.linked(context.settings.home, "gp_event"))


def in_vault(context: Context) -> list[str]:
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    return sorted(vault.practices(keys(context, ANN, BEN, CAT)))


def test_the_request_asks_about_everyone_in_files_of_the_declared_size(context: Context) -> None:
    deliver(context, "acute_apc", [{"nhs_number": ""}, {"nhs_number": ANN}], sender="RKE")
    files = request(context)
    assert [path.name for path in files] == ["X26DEMO-161126-0001.dat", "X26DEMO-161126-0002.dat"]
    assert b"".join(path.read_bytes() for path in files) == request_bytes([ANN, BEN, CAT])
    (row,) = audit.list_entries(context.ledger, action=opt_outs.REQUEST)
    assert (row.counts, row.subject) == ({"people": 3, "files": 2}, "the weekly check")


def test_who_dissents_already_is_not_asked_about(context: Context) -> None:
    deliver(context, "gp_event", [entry(BEN, "O-9", DISSENT)], at="2026-11-16T01:00:00")
    assert b"".join(path.read_bytes() for path in request(context)) == request_bytes([ANN, CAT])


def test_before_anybody_was_checked_nothing_is_linked_and_no_night_opens(context: Context) -> None:
    for act in (link, lambda c: open_run(c, as_of=NIGHT, knowledge="then"), current_erasure):
        with pytest.raises(GateClosed, match="nobody has been checked.*riskstrat opt-outs request") as caught:
            act(context)
        assert caught.value.exit_code == 13
    assert linked(context) == []
    assert in_vault(context) == []


def test_who_is_not_in_the_reply_is_in_nothing(context: Context) -> None:
    counts = checked(context, BEN)
    assert counts == {"people": 3, "allowed": 2, "not_returned": 1, "deliveries_to_link_again": 2}
    counts = link(context).counts
    assert (counts["people_opted_out"], counts["people_not_allowed_by_check"], counts["people_type_1"]) == (1, 1, 0)
    events(context)
    run = open_run(context, as_of=NIGHT, knowledge="then")
    assert features(context, run=run).counts["people_opted_out"] == 1
    for name in ("registration", "event", "cohort", "feature"):
        assert people_in(context, layout.table(context.settings.home, name)) == keys(context, ANN, CAT), name
    assert in_vault(context) == keys(context, ANN, CAT)


def test_nobodys_opt_out_is_kept(context: Context) -> None:
    """After the reply was read only those allowed stand anywhere but in what the senders sent."""
    checked(context, BEN)
    link(context)
    home = context.settings.home
    (key,) = keys(context, BEN)
    digests = [hashlib.sha256(BEN.encode()).hexdigest()]
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        if path.relative_to(home).parts[:2] in (("identified", "clean"), ("identified", "quarantine")):
            continue
        content = path.read_bytes()
        told = pq.ParquetFile(path).read().to_pandas().to_string() if path.suffix == ".parquet" else ""
        assert not any(text.encode() in content or text in told for text in (BEN, key, *digests)), path
    assert list(layout.opt_out_requests(home).iterdir()) == list(layout.opt_out_replies(home).iterdir()) == []
    answer = read_allowed(layout.allowed(home))
    assert answer is not None
    assert (answer.nhs_numbers, answer.checked_at) == ({ANN, CAT}, START)
    assert answer.expires_at == START + timedelta(days=7)


def test_removing_the_gate_is_noticed(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: with the check left out of who may not be used, the person opted out is linked after all."""
    checked(context, BEN)
    monkeypatch.setattr(erasure, "applies_now", lambda context: ())
    link(context)
    assert keys(context, BEN)[0] in linked(context)


def test_a_late_opt_out_withdraws_the_person_from_store_vault_and_that_nights_files(context: Context) -> None:
    checked(context)
    link(context)
    events(context)
    run = open_run(context, as_of=NIGHT, knowledge="then")
    features(context, run=run)
    assert linked(context) == in_vault(context) == keys(context, ANN, BEN, CAT)
    tomorrow = later(context, days=1)
    checked(tomorrow, BEN)
    staged = [{"nhs_number": BEN, "practice_code": "F83671"}]
    found = _people_problems(
        tomorrow, run, rows=staged, practice_code="F83671", dissenting=current_erasure(tomorrow).nhs_numbers
    )
    assert "1 people have opted out" in found
    assert link(tomorrow).counts["rows_erased"] > 0
    assert linked(tomorrow) == in_vault(tomorrow) == keys(context, ANN, CAT)
    assert link(tomorrow).counts["rows_erased"] == 0
    assert len(audit.list_entries(context.ledger, action="erase")) == 1


def test_who_no_longer_opts_out_is_linked_again(context: Context) -> None:
    checked(context, BEN)
    link(context)
    tomorrow = later(context, days=1)
    assert checked(tomorrow)["deliveries_to_link_again"] == 2
    link(tomorrow)
    assert linked(tomorrow) == in_vault(tomorrow) == keys(context, ANN, BEN, CAT)


def test_who_came_after_the_check_waits_for_the_next(context: Context) -> None:
    request(context)
    deliver(context, "gp_event", [entry(ANN, "O-7")], at="2026-11-16T03:00:00")
    reply(context)
    read(context)
    deliver(context, "gp_patient", [patient("9990000050", "9")], at="2026-11-16T04:00:00")
    assert current_erasure(context).reasons["not_allowed_by_check"] == 1


def test_an_answer_expires_and_the_gate_closes_with_nothing_erased(context: Context) -> None:
    checked(context)
    link(context)
    almost = later(context, days=6, hours=23)
    assert current_erasure(almost).nhs_numbers == frozenset()
    over = later(context, days=7)
    with pytest.raises(GateClosed, match="last check.*has expired"):
        link(over)
    assert linked(over) == keys(context, ANN, BEN, CAT)
    checked(over)
    assert link(over).counts["rows_erased"] == 0


def test_a_stricter_policy_shortens_an_answer_already_read(context: Context) -> None:
    checked(context)
    write_policy(context.settings, lambda policy: (applies(policy), policy["check_service"].update(allowed_for_days=1)))
    with pytest.raises(GateClosed, match="expired"):
        current_erasure(later(context, days=2))


def put(name: int, content: Callable[[list[str]], str]) -> Callable[[Context], None]:
    """Replace one reply by another text, made from the lines that were asked."""

    def fault(context: Context) -> None:
        reply(context)
        home = context.settings.home
        asked = sorted(layout.opt_out_requests(home).iterdir())[name]
        (layout.opt_out_replies(home) / asked.name).write_bytes(content(asked.read_text().splitlines()).encode())

    return fault


def stray(context: Context) -> None:
    reply(context)
    (layout.opt_out_replies(context.settings.home) / "X26DEMO-010101-0001.dat").write_text("")


def tampered(context: Context) -> None:
    reply(context)
    asked = sorted(layout.opt_out_requests(context.settings.home).iterdir())[0]
    asked.write_text(asked.read_text() + f"{CAT},\n")


FAULTS = {
    "the service refused it": (put(0, lambda lines: INVALID_NUMBERS), "invalid NHS numbers"),
    "someone not asked about": (put(1, lambda lines: f"{ANN},\n"), "not asked about"),
    "cut off in a line": (put(0, lambda lines: lines[0][:5]), "cut off"),
    "cut off between lines": (put(0, lambda lines: ""), "looks cut short"),
    "line ends of another system": (put(0, lambda lines: "\r\n".join([*lines, ""])), "CRLF"),
    "not numbers": (put(0, lambda lines: "<html>\n"), "not a valid NHS number"),
    "a number twice": (put(0, lambda lines: f"{lines[0]}\n{lines[0]}\n"), "repeat"),
    "an answer to something else": (stray, "answer nothing that was asked"),
    "the request altered": (tampered, "not what was written"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_the_reply_closes_the_gate(context: Context, fault: str) -> None:
    checked(context)
    link(context)
    tomorrow = later(context, days=1)
    request(tomorrow)
    make, says = FAULTS[fault]
    make(tomorrow)
    with pytest.raises(GateClosed, match=says) as caught:
        read(tomorrow)
    assert not any(number in str(caught.value) for number in (ANN, BEN, CAT))
    with pytest.raises(GateClosed, match="reply to the last request could not be used"):
        open_run(tomorrow, as_of=NIGHT, knowledge="then")
    with pytest.raises(GateClosed):
        link(tomorrow)
    # Another request that is answered well opens it again.
    checked(later(tomorrow, hours=1))
    assert open_run(later(tomorrow, hours=1), as_of=NIGHT, knowledge="then").kind == "nightly"


def test_a_partial_reply_is_waited_for_and_then_missing(context: Context) -> None:
    checked(context)
    tomorrow = later(context, days=1)
    request(tomorrow)
    reply(tomorrow)
    second = sorted(layout.opt_out_replies(tomorrow.settings.home).iterdir())[1]
    second.unlink()
    with pytest.raises(GateClosed, match="partial: 1 of 2 files have none yet"):
        read(tomorrow)
    # The last answer holds until the reply is due; then it is missing, and the gate closes.
    assert current_erasure(tomorrow).nhs_numbers == frozenset()
    overdue = later(tomorrow, hours=49)
    with pytest.raises(GateClosed, match="reply to the last request is missing since"):
        current_erasure(overdue)
    with pytest.raises(GateClosed, match="late and partial"):
        read(overdue)


def test_a_late_reply_is_not_used(context: Context) -> None:
    request(context)
    reply(context)
    with pytest.raises(GateClosed, match="it is late"):
        read(later(context, hours=49))
    assert read_allowed(layout.allowed(context.settings.home)) is None


def test_dissent_counts_though_the_gate_is_closed(context: Context) -> None:
    checked(context)
    link(context)
    deliver(context, "gp_event", [entry(CAT, "O-9", DISSENT)], at="2026-11-16T20:00:00")
    with pytest.raises(GateClosed):
        link(later(context, days=9))
    assert linked(context) == in_vault(context) == keys(context, ANN, BEN)


def test_when_the_opt_out_no_longer_applies_everyone_is_linked_and_the_answer_goes(context: Context) -> None:
    checked(context, BEN)
    link(context)
    write_policy(context.settings, lambda policy: None)
    link(context)
    assert linked(context) == keys(context, ANN, BEN, CAT)
    assert read_allowed(layout.allowed(context.settings.home)) is None


def test_acts_out_of_turn_say_so(context: Context) -> None:
    with pytest.raises(UserError, match="No reply is waited for"):
        read(context)
    request(context)
    with pytest.raises(UserError, match="A reply is waited for until"):
        request(context)
    with pytest.raises(UserError, match="name and a reason"):
        opt_outs.request(context, who=" ", reason="x")
    with pytest.raises(UserError, match="looks like an NHS number"):
        opt_outs.request(context, who="a person", reason=f"about {ANN}")


def test_file_names_of_a_day_are_never_used_twice(context: Context) -> None:
    checked(context)
    assert [path.name[-8:] for path in request(later(context, hours=1))] == ["0003.dat", "0004.dat"]


def test_the_answer_decides_the_run_key_and_what_comes_in_does_not(context: Context) -> None:
    checked(context)
    first = current_erasure(context).digest
    deliver(context, "gp_patient", [patient("9990000050", "9")], at="2026-11-16T04:00:00")
    assert current_erasure(context).digest == first
    checked(later(context, hours=1), BEN)
    assert current_erasure(later(context, hours=1)).digest != first


def test_the_status_says_that_the_gate_is_closed_and_when_it_will(context: Context) -> None:
    def findings(context: Context) -> str:
        return " ".join(f"{one.level} {one.says}" for one in status(context).findings)

    assert "nobody has been checked" in findings(context)
    assert status(context).exit_code == STOPPED
    checked(context)
    assert "opt-out" not in findings(context)
    assert "The check for national data opt-outs ends on 23 November 2026 08:00" in findings(later(context, days=5))
