"""Homes that cannot be opened or trusted: the alert is raised by the closed home itself, and its page is run in it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from killed_touch import Killed, killed_at
from planted_alerts import MORNING, NIGHT
from runbook_pages import Operator
from test_status import forge_audit

from pipeline.steps.at_hand.context import Context
from pipeline.steps.upkeep import restore as restoring
from pipeline.steps.upkeep.backup import backup
from pipeline.steps.upkeep.rotate_keys import rotate_keys

pytestmark = pytest.mark.acceptance


@pytest.fixture
def operator(quiet: Context, work: Path) -> Operator:
    """On the morning after a quiet night."""
    return Operator(quiet.settings.home, work, MORNING, NIGHT)


def copy_of_keys(operator: Operator) -> None:
    """Somebody keeps a copy of the keys as they are now, in the folder that the page names."""
    shutil.copytree(operator.settings.keys_folder, operator.work / "copy-of-keys", dirs_exist_ok=True)


def test_keys_that_are_not_there(operator: Operator) -> None:
    copy_of_keys(operator)
    (operator.settings.keys_folder / "person.key.json").unlink()
    (operator.settings.keys_folder / "vault.key.json").write_text("{")
    operator.runs_page("keys-missing", alerts=["home_closed"])


def test_a_rotation_that_was_killed(quiet: Context, operator: Operator, tmp_path: Path) -> None:
    """The whole page: the rotation is finished, and another, planned one follows it."""
    quiet.ledger.engine.dispose()
    rehearsal = shutil.copytree(operator.home, tmp_path / "rehearsal")
    with killed_at(0) as touches:
        rotate_keys(Operator(rehearsal, operator.work, MORNING, NIGHT).settings, who="A. Operator", reason="yearly")
    with pytest.raises(Killed), killed_at(touches.index("replace") + 2):
        rotate_keys(operator.settings, who="A. Operator", reason="yearly")
    operator.runs_page("keys-rotate", alerts=["keys_not_of_home"], by_hand={"cp -p": lambda: copy_of_keys(operator)})


def test_keys_that_are_not_those_of_the_home(quiet: Context, operator: Operator, tmp_path: Path) -> None:
    """Those of before a rotation were put back."""
    quiet.ledger.engine.dispose()
    shutil.copytree(operator.settings.keys_folder, tmp_path / "before")
    rotate_keys(operator.settings, who="A. Operator", reason="yearly")
    copy_of_keys(operator)
    shutil.copytree(tmp_path / "before", operator.settings.keys_folder, dirs_exist_ok=True)
    operator.runs_page("keys-rotate", alerts=["keys_not_of_home"], part="The keys are not those of the home")


def backed_up(context: Context, work: Path) -> Path:
    """The backup that the page names, of that night."""
    made = work / f"backup-{NIGHT}"
    backup(context, to=made, who="A. Name", passphrase_file=work / "passphrase.txt", without_keys=False)
    return made


def test_an_audit_that_is_broken(quiet: Context, operator: Operator) -> None:
    """The broken home is kept as it is: it is the restored one that must be sound."""
    backed_up(quiet, operator.work)
    forge_audit(quiet)
    restored = Operator(operator.work / "riskstrat-restored", operator.work, MORNING, NIGHT)
    operator.runs_page(
        "restore",
        alerts=["audit_broken"],
        part="The home is lost or damaged, or its audit is broken",
        afterwards=restored,
    )
    assert "audit_broken" in operator.told()


def test_a_restore_that_was_killed(quiet: Context, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = backed_up(quiet, work)
    operator = Operator(work / "half", work, MORNING, NIGHT)

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "copy_database", killed)
        with pytest.raises(Killed):
            restoring.restore(operator.settings, source=made, who="A", passphrase_file=work / "passphrase.txt")
    operator.runs_page("restore", alerts=["restore_stopped"], part="A restore was killed")
