"""The last check before a pack is revealed, made from the staged bytes alone and independent of how they were made.

One bad row blocks the pack: someone of another practice, someone who has died, someone who dissents as known at this
very moment, a number that is not valid, a person twice, a count the manifest does not give.
"""

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pipeline.channels.aggregate_files import STEM
from pipeline.channels.import_list import is_import_list
from pipeline.channels.meeting_files import STEM as MEETING
from pipeline.channels.pack_seal import file_problems, read_manifest
from pipeline.errors import ChannelError
from pipeline.ledger.runs import Run
from pipeline.rules.nhs_number import is_valid
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import codes_of, reference_of
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.features.deaths import visible_deaths
from pipeline.steps.opt_out.erasure import current_erasure, key_of
from pipeline.steps.publish.counts_check import counts_problems
from pipeline.steps.publish.pack_others import numbers_in, numbers_named, other_problems, without
from pipeline.steps.publish.verify import signature_problems
from pipeline.store.signature import public_key


def check_staged(context: Context, run: Run, *, staged: Path, practice_code: str | None) -> None:
    """Raise ChannelError, with counts only, unless every staged file is as promised; a locality has no practice."""
    manifest, problems = _sealed(context, staged)
    if manifest["run_key"] != run.run_key:
        problems.append("the manifest names another run")
    names = [str(manifest[name]) for name in ("run_key", "model_id") if manifest.get(name)]
    # Asked once for the whole pack: the rule reads every GP event there is.
    dissenting = current_erasure(context).nhs_numbers if practice_code is not None else frozenset()
    problems += counts_problems(staged) if practice_code is None else []
    for path in _registers(staged):
        rows = _rows(path)
        promised = manifest["counts"].get("to_discuss" if path.name.startswith(MEETING) else "people")
        if len(rows) != promised:
            problems.append(f"{path.suffix} holds {len(rows)} people, the manifest {promised}")
        if not rows and manifest["counts"].get("scored_adults"):
            problems.append("nobody is listed though adults were scored")
        keys = [(row["practice_code"], row["practice_key"]) for row in rows]
        if len(set(keys)) < len(keys):
            problems.append(f"{len(keys) - len(set(keys))} practice keys stand for more than one person")
        if practice_code is None:
            problems += ["a locality file holds NHS numbers"] if rows and "nhs_number" in rows[0] else []
        else:
            problems += _people_problems(context, run, rows=rows, practice_code=practice_code, dissenting=dissenting)
            problems += other_problems(staged, rows=rows, practice_code=practice_code)
    if practice_code is None:
        problems += _number_problems(staged, names)
    else:
        problems += _page_problems(
            context, run, staged, practice_code=practice_code, dissenting=dissenting, names=names
        )
    if problems:
        raise ChannelError(
            f"The staged pack failed its last check: {'; '.join(problems)}",
            where=f"{practice_code or 'locality'}, night of {run.as_of}, run {run.run_key}",
            next_step="nothing was published for it; link the latest patient lists and run the night again",
        )


def people_in(context: Context, pack: Path) -> frozenset[str]:
    """Person keys of the people a practice's pack names, read from its CSV."""
    rows = [row for path in _registers(pack) for row in _rows(path)]
    return frozenset(key_of(context, row["nhs_number"]) for row in rows)


def _registers(folder: Path) -> list[Path]:
    """The lists of people in rows with keys; not counts for planners, nor the bare lists for other systems."""
    every = sorted(folder.glob("*.csv"))
    return [path for path in every if not path.name.startswith(STEM) and not is_import_list(path.name)]


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def _sealed(context: Context, staged: Path) -> tuple[dict[str, Any], list[str]]:
    """The manifest, and what is wrong with it, its signature or the files it vouches for."""
    content, manifest = read_manifest(staged)
    if manifest is None:
        raise ChannelError("The staged pack has no manifest that can be read", where=staged.name)
    key = public_key(context.keys.signing)
    _, problems = signature_problems(staged, content, manifest, public_keys={key.key_id: key})
    return manifest, problems + file_problems(staged, manifest)


def _elsewhere(context: Context, run: Run, numbers: Collection[str], *, practice_code: str) -> int:
    """How many of these valid NHS numbers the vault knows neither as the practice's nor as of one merged into it."""
    return len(_strangers(context, run, numbers, practice_code=practice_code))


def _strangers(context: Context, run: Run, numbers: Collection[str], *, practice_code: str) -> frozenset[str]:
    keys = {number: key_of(context, number) for number in sorted(numbers)}
    vault = audited_vault(context, purpose=f"last check of {practice_code}", run_key=run.run_key)
    practices = vault.practices(list(keys.values()))
    vault.close()
    own = codes_of(reference_of(context, run), practice_code, as_of=run.as_of)
    return frozenset(number for number, key in keys.items() if practices.get(key) not in own)


def _page_problems(
    context: Context, run: Run, staged: Path, *, practice_code: str, dissenting: frozenset[str], names: Collection[str]
) -> list[str]:
    """Page and workbook name people the CSV does not: those who left. All must be the practice's to know."""
    named = numbers_named(staged, names=names)
    strangers = _strangers(context, run, frozenset().union(*named.values()), practice_code=practice_code)
    problems = []
    for where, numbers in named.items():
        found = {
            f"people {where} are not patients of the practice": len(numbers & strangers),
            f"people {where} have opted out": len(numbers & dissenting),
        }
        problems += [f"{count} {what}" for what, count in found.items() if count]
    return problems


def _number_problems(staged: Path, names: Collection[str]) -> list[str]:
    """No file of a locality holds an NHS number in whatever form; the run's and model's own names are taken out."""
    paths = sorted((*staged.glob("*.csv"), *staged.glob("*.html")))
    found = sum(len(numbers_in(without(names, path.read_text(encoding="utf-8")))) for path in paths)
    return [f"{found} NHS numbers stand in a locality's files"] if found else []


def _people_problems(
    context: Context, run: Run, *, rows: list[dict[str, str]], practice_code: str, dissenting: frozenset[str]
) -> list[str]:
    numbers = [row["nhs_number"] for row in rows]
    invalid = sum(not is_valid(number) for number in numbers)
    if invalid:
        return [f"{invalid} NHS numbers are not valid"]
    deaths = visible_deaths(context, run=run)
    found = {
        "people are not patients of the practice": _elsewhere(context, run, numbers, practice_code=practice_code),
        "people have opted out": len(dissenting & set(numbers)),
        "people have died": sum(key_of(context, number) in deaths for number in numbers),
        "people stand twice": len(numbers) - len(set(numbers)),
        "rows carry another practice's code": sum(row["practice_code"] != practice_code for row in rows),
    }
    return [f"{count} {what}" for what, count in found.items() if count]
