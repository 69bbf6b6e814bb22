"""Every use of the vault is in the audit: who, run, practice, purpose and how many; never which people."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_home import ANN, BEN, CAT, DISSENT, deliver, entry, keys, patient, small_context

from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import GateClosed
from pipeline.ledger import audit
from pipeline.ledger.audit import AuditEntry
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.link.link import link
from pipeline.steps.upkeep.backup import people_in_vault
from pipeline.store.vault import open_vault


@pytest.fixture
def context(home: Settings) -> Iterator[Context]:
    context = small_context(home)
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    link(context)
    yield context
    context.ledger.engine.dispose()


def uses(context: Context) -> list[AuditEntry]:
    rows = audit.list_entries(context.ledger)
    return [row for row in rows if row.action.startswith(("vault_", "re-identify"))]


def told(context: Context) -> list[tuple[str, str, int]]:
    return [(row.action, row.subject, row.counts["people"]) for row in uses(context)]


def test_linkage_tells_whom_it_enters_and_forgets(context: Context) -> None:
    assert told(context) == [("vault_enter", "practice any, purpose linkage", 2)]
    assert uses(context)[0].counts["practices_looked_up"] == 2
    deliver(context, "gp_event", [entry(BEN, "O-2", DISSENT)], at="2026-11-16T20:00:00")
    link(context)
    assert told(context)[1:] == [("vault_forget", "practice any, purpose linkage", 1)]


def test_naming_people_is_told_with_run_practice_and_purpose(context: Context) -> None:
    vault = audited_vault(context, purpose="publication", run_key="0123")
    vault.reidentify(practice_code="F83671", person_keys=keys(context, ANN, BEN))
    vault.close()
    row = uses(context)[-1]
    assert (row.who, row.action, row.run_key) == ("pipeline", "re-identify", "0123")
    assert (row.subject, row.counts) == ("practice F83671, purpose publication", {"people": 2})


def test_a_refused_look_up_is_told_too(context: Context) -> None:
    vault = audited_vault(context, purpose="publication")
    with pytest.raises(GateClosed):
        vault.reidentify(practice_code="F83039", person_keys=keys(context, ANN))
    assert told(context)[-1] == ("re-identify_refused", "practice F83039, purpose publication", 1)


def test_looking_up_practices_is_told_with_what_follows_or_at_the_end(context: Context) -> None:
    vault = audited_vault(context, purpose="publication")
    vault.practices(keys(context, ANN, BEN, CAT))
    assert len(uses(context)) == 1
    vault.reidentify(practice_code="F83671", person_keys=keys(context, ANN))
    assert uses(context)[-1].counts == {"people": 1, "practices_looked_up": 3}
    vault.practices(keys(context, ANN))
    vault.close()
    assert told(context)[-1][0] == "vault_look_up"
    assert uses(context)[-1].counts["people"] == 1


def test_it_is_told_before_anything_is_opened(context: Context) -> None:
    """Where the audit cannot be written, nobody is named and nobody is entered."""

    def broken(use: object) -> None:
        raise RuntimeError("no audit")

    vault = open_vault(context.settings.vault_url, keys=context.keys, tell=broken)
    for use in (
        lambda: vault.reidentify(practice_code="F83671", person_keys=keys(context, ANN)),
        lambda: vault.forget(keys(context, ANN)),
        vault.everyone,
        lambda: vault.rekey({}, keys=context.keys, prefix="p"),
    ):
        with pytest.raises(RuntimeError, match="no audit"):
            use()
    assert vault.holds() == 2


def test_counting_people_is_no_use(context: Context) -> None:
    before = len(uses(context))
    assert people_in_vault(context) == 2
    assert len(uses(context)) == before


def test_no_row_names_anybody(context: Context) -> None:
    vault = audited_vault(context, purpose="publication")
    vault.reidentify(practice_code="F83671", person_keys=keys(context, ANN, BEN))
    text = " ".join(str(row) for row in uses(context))
    assert not any(secret in text for secret in (*keys(context, ANN, BEN), ANN, BEN, "FAMILY1"))


def openers(folder: Path) -> set[str]:
    """Modules below the folder that open the vault past the audit."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            if "open_vault" in names or (isinstance(node, ast.Attribute) and node.attr == "open_vault"):
                found.add(path.relative_to(folder).as_posix())
    return found


def test_no_step_opens_it_otherwise(tmp_path: Path) -> None:
    assert openers(PROJECT / "pipeline") == {"steps/at_hand/vault_use.py"}
    assert openers(PROJECT / "dags") == set()
    shutil.copytree(PROJECT / "pipeline" / "steps", tmp_path / "steps")
    (tmp_path / "steps" / "planted.py").write_text("from pipeline.store.vault import open_vault\n")
    assert "steps/planted.py" in openers(tmp_path)
