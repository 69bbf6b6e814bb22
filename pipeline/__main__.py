"""The same steps from a shell: arguments, exit codes, nothing else.

Exit codes: 0 done; 1 a fault inside; 2 and above an error a person can put right (docs/generated/exit-codes.md).
"""

import argparse
import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import NoReturn

from pipeline.commands.audit import add_audit
from pipeline.commands.backfill import add_backfill
from pipeline.commands.command import add_command
from pipeline.commands.deliver import add_deliver
from pipeline.commands.doctor import add_doctor
from pipeline.commands.editions import add_editions
from pipeline.commands.evaluation import add_evaluation
from pipeline.commands.explain import add_explain, add_run_report
from pipeline.commands.feedback import add_feedback
from pipeline.commands.intake import add_decisions, add_intake
from pipeline.commands.invented import add_invented
from pipeline.commands.keys import add_keys
from pipeline.commands.night import add_night
from pipeline.commands.notices import add_notices
from pipeline.commands.opt_outs import add_opt_outs
from pipeline.commands.reference import add_reference
from pipeline.commands.rerun import add_rerun
from pipeline.commands.standing import add_sources, add_status, add_transitions, add_watch
from pipeline.commands.upkeep import add_upkeep
from pipeline.commands.verify import add_verify
from pipeline.contracts.settings import VARIABLES, Settings, read_settings
from pipeline.errors import PipelineError, UserError
from pipeline.log import step_log, withheld, withhold_crashes

# What shells give a command that was interrupted.
STOPPED_BY_HAND = 130


def run() -> NoReturn:
    """The process is one command's, and ends at once with its exit code, after what is written has gone out.

    Arrow may still be closing its threads after a scan: a process that ends in the usual way is then now and then
    aborted, though all was done (https://github.com/apache/arrow/issues/39862), and whoever called sees a failure.
    """
    try:
        code = main()
    except SystemExit as told:  # argparse: 0 after a help text, 2 after a mistake
        code = told.code if isinstance(told.code, int) else int(told.code is not None)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone, as in `| head`
            stream.flush()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Without arguments it is the shell's, and the process its own."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    if arguments is None:
        withhold_crashes()
    parsed = build_parser().parse_args(arguments)
    try:
        settings = read_settings(os.environ)
        with _turn(parsed, settings):
            return int(parsed.run(parsed, settings) or 0)
    except UserError as error:
        print(f"riskstrat: {withheld(str(error))}", file=sys.stderr)
        return error.exit_code
    except PipelineError as error:
        print(f"riskstrat: a fault inside: {withheld(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        # Python would print what was being handled, messages and all.
        print("riskstrat: stopped by hand; run it again", file=sys.stderr)
        return STOPPED_BY_HAND
    except Exception as error:  # noqa: BLE001  # a library's message may quote a row: the log withholds it
        step_log().error("a fault inside", exc_info=error)
        print(f"riskstrat: a fault inside ({type(error).__name__}); its places are in the log above", file=sys.stderr)
        return 1


def _turn(parsed: argparse.Namespace, settings: Settings) -> AbstractContextManager[None]:
    """What a command runs within: alone in the home, if it writes to it."""
    if not parsed.writes:
        return nullcontext()
    from pipeline.steps.at_hand.alone import (
        alone,  # loads the database's library, which a command that only reads may not need
    )

    return alone(settings, wait_seconds=parsed.waits)


def build_parser() -> argparse.ArgumentParser:
    """Every command with its help; the docs are made from this."""
    parser = argparse.ArgumentParser(
        prog="riskstrat",
        description="Risk stratification: nightly extracts in, ranked registers per practice out.",
        epilog="Settings are environment variables: " + "; ".join(f"{k}: {v}" for k, v in VARIABLES.items()),
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    add_invented(commands)
    add_keys(commands)
    add_intake(commands)
    add_decisions(commands)
    add_opt_outs(commands)
    add_night(commands)
    add_backfill(commands)
    add_rerun(commands)
    add_feedback(commands)
    add_deliver(commands)
    add_evaluation(commands)
    add_editions(commands)
    add_status(commands)
    add_run_report(commands)
    add_explain(commands)
    add_doctor(commands)
    add_watch(commands)
    add_notices(commands)
    add_reference(commands)
    add_sources(commands)
    add_transitions(commands)
    add_audit(commands)
    add_upkeep(commands)
    add_verify(commands)

    docs = add_command(commands, "docs", "Write the generated reference pages", _docs, writes=False)
    docs.add_argument("--check", action="store_true", help="only say whether they are current (exit 1 if not)")
    return parser


def _docs(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipeline.steps.docs.docs import docs

    stale = docs(settings.project, parser=build_parser(), check=arguments.check)
    for name in stale:
        print(f"{name}: {'stale, run riskstrat docs' if arguments.check else 'written'}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    run()
