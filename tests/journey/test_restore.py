"""A home restored from its backup runs the next night to the same bytes as the home that went on."""

import contextlib
import io
import shutil
from pathlib import Path

from finished_home import SECOND, Demo
from homes import copy_home, first_difference, settings_of, store_digests, tree

from pipeline.steps.at_hand.context import open_context
from pipeline.steps.night.nightly import nightly
from pipeline.steps.upkeep.backup import backup
from pipeline.steps.upkeep.restore import restore


def test_the_night_after_a_restore_is_the_night_there_would_have_been(home: Demo, tmp_path: Path) -> None:
    before = copy_home(home.before_second, tmp_path / "before")
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple")
    context = open_context(before)
    backup(context, to=tmp_path / "b", who="A. Name", passphrase_file=passphrase, without_keys=False)
    context.ledger.engine.dispose()
    shutil.rmtree(before.home / "identified")
    restored = settings_of(tmp_path / "restored")
    restore(restored, source=tmp_path / "b", who="A. Name", passphrase_file=passphrase)
    # What senders landed is no part of a backup: they land it again.
    shutil.copytree(before.home / "landing", restored.home / "landing")
    again = open_context(restored)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        night = nightly(again, as_of=SECOND, hold_back=True)
    again.ledger.engine.dispose()
    assert night.run.run_key == home.nights[1].run.run_key
    for folder in ("registers", "localities", "models"):
        one = tree(home.home, folder)
        assert len(one) > 2
        assert first_difference(one, tree(restored.home, folder)) is None
    assert first_difference(store_digests(home.home), store_digests(restored.home)) is None
