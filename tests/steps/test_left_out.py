"""Local objections, test identities, withheld numbers and restricted codes: none leaves the identified zone."""

from typing import Any

import pytest
from run_home import write_policy
from small_home import ANN, BEN, CAT, DISSENT, deliver, entry, keys, patient, people_in, small_context

from pipeline.contracts.settings import Settings
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.store import layout, tables
from pipeline.store.vault import open_vault

LOCAL, LOCAL_WITHDRAWN = "999000000000101", "999000000000102"
HIV, RAISED = "86406008", "271649006"


@pytest.fixture
def context(home: Settings) -> Context:
    return small_context(home)


def linked(context: Context, extract: str = "gp_event") -> list[str]:
    return people_in(context, layout.linked(context.settings.home, extract))


@pytest.mark.parametrize(
    ("entries", "is_out"),
    [
        ([(LOCAL, "2024-01-02")], True),
        ([(LOCAL, "2024-01-02"), (LOCAL_WITHDRAWN, "2025-01-02")], False),
        ([(LOCAL, "2024-01-02"), (LOCAL_WITHDRAWN, "2024-01-02")], True),
        ([(LOCAL, ""), (LOCAL_WITHDRAWN, "2025-01-02")], True),
        # A local objection withdrawn says nothing of a Type 1 objection, nor the other way about.
        ([(DISSENT, "2024-01-02"), (LOCAL_WITHDRAWN, "2025-01-02")], True),
    ],
)
def test_a_local_objection_counts_by_its_latest_date(
    context: Context, entries: list[tuple[str, str]], is_out: bool
) -> None:
    rows = [entry(ANN, f"O-{n}", code, effective_date=day) for n, (code, day) in enumerate(entries)]
    # Who sends no date with it breaks a rule: the row is set apart, and what it says counts.
    deliver(
        context, "gp_event", [row for row in rows if row["effective_date"]] + [entry(BEN, "O-9")],
        apart=[row for row in rows if not row["effective_date"]],
    )  # fmt: skip
    link(context)
    assert linked(context) == (keys(context, BEN) if is_out else keys(context, ANN, BEN))


def test_a_local_objection_is_counted_apart_and_only_where_the_policy_says(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-1", LOCAL), entry(BEN, "O-2", DISSENT), entry(CAT, "O-3")])
    assert current_erasure(context).reasons == {"type_1": 1, "local": 1, "test_identity": 0}

    def nowhere(policy: dict[str, Any]) -> None:
        for source in policy["sources"]:
            source["local_opt_outs_apply"] = False

    write_policy(context.settings, nowhere)
    assert current_erasure(context).nhs_numbers == {BEN}


def test_a_test_record_is_nobody(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2", family_name="Xxtestpatient-aaaa")])
    deliver(context, "acute_apc", [{"nhs_number": BEN}, {"nhs_number": ANN}], sender="RKE")
    assert link(context).counts["people_test_identity"] == 1
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    assert linked(context, "acute_apc") == list(vault.practices(keys(context, ANN, BEN))) == keys(context, ANN)


def test_numbers_never_issued_are_nobody_where_the_policy_is_not_fictitious(context: Context) -> None:
    real = "4010232137"
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(real, "2")])
    assert current_erasure(context).nhs_numbers == frozenset()
    write_policy(context.settings, lambda policy: policy.update(fictitious=False))
    assert current_erasure(context).nhs_numbers == {ANN}


def test_a_number_its_sender_withholds_finds_no_person(context: Context) -> None:
    withheld = {"nhs_number": ANN, "nhs_number_status": "07"}
    deliver(context, "acute_apc", [withheld, {"nhs_number": BEN}], sender="RKE")
    counts = link(context).counts
    assert (counts["rows_unlinked"], linked(context, "acute_apc")) == (1, keys(context, BEN))


def test_restricted_codes_are_masked_and_the_rows_still_add_up(context: Context) -> None:
    deliver(
        context, "gp_event",
        [entry(ANN, "O-1", HIV, value_number="7", value_unit="x"), entry(ANN, "O-2", RAISED)],
    )  # fmt: skip
    diagnoses = {"primary_diagnosis": "B201", "secondary_diagnosis_1": "I500"}
    deliver(context, "acute_apc", [{"nhs_number": ANN, **diagnoses}], sender="RKE")
    counts = link(context).counts
    assert (counts["codes_masked"], counts["rows_linked"]) == (2, 3)
    home = context.settings.home
    rows = {row["snomed_code"]: row for row in tables.read(layout.linked(home, "gp_event")).to_pylist()}
    assert set(rows) == {None, RAISED}
    assert (rows[None]["value_number"], rows[None]["value_unit"]) == (None, None)
    (stay,) = tables.read(layout.linked(home, "acute_apc")).to_pylist()
    assert (stay["primary_diagnosis"], stay["secondary_diagnosis_1"]) == (None, "I500")
    for path in (home / "pseudonymised").rglob("*"):
        assert not path.is_file() or HIV.encode() not in path.read_bytes()


def test_another_list_of_restricted_codes_links_anew(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-1", HIV)])
    assert link(context).counts["deliveries"] == 1
    assert link(context).counts["deliveries"] == 0
    monkeypatch.setattr("pipeline.steps.link.link.RESTRICTED", "local_objection")
    monkeypatch.setattr("pipeline.steps.link.rows.mask_restricted", lambda rows, **named: (rows, 0))
    assert link(context).counts["deliveries"] == 1
    # With the gate taken away the code is there: the test above fails without it.
    assert tables.read(layout.linked(context.settings.home, "gp_event"))["snomed_code"].to_pylist() == [HIV]
