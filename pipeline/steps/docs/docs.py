"""Writes the generated reference pages from the declarations, or says which of them are stale."""

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline import errors
from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.extract_dictionary import FOLDER, extract_pages
from pipeline.contracts.feature import load_features
from pipeline.contracts.feature_catalogue import feature_catalogue, load_specs
from pipeline.contracts.holidays import load_holidays
from pipeline.contracts.model import load_plan
from pipeline.contracts.model_card import model_card
from pipeline.contracts.register_dictionary_page import register_columns_text
from pipeline.contracts.retention import load_retention
from pipeline.contracts.safety import load_safety_case, load_shown
from pipeline.contracts.safety_pages import gates_page, hazard_log_page, threat_model_page
from pipeline.contracts.settings import VARIABLES
from pipeline.contracts.statement import load_statement
from pipeline.contracts.transparency import transparency_record
from pipeline.steps.docs.flow import data_flow_page
from pipeline.steps.run.run import MODEL


def docs(project: Path, *, parser: argparse.ArgumentParser, check: bool) -> list[str]:
    """Names of pages that were stale; they are written unless `check`."""
    stale = []
    texts = {name: made(project) for name, made in PAGES.items()} | {"command-line.md": _command_line(parser)}
    guide = (project / "docs" / "for-suppliers.md").read_text(encoding="utf-8")
    texts |= extract_pages(load_extracts(project), holidays=load_holidays(project), guide=guide)
    stale += _left_over(project, texts, check=check)
    places = {f"docs/generated/{name}": text for name, text in texts.items()} | _cards(project)
    for name, text in sorted(places.items()):
        path = project / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    return stale


def _left_over(project: Path, texts: Mapping[str, str], *, check: bool) -> list[str]:
    """Pages of extracts that are not declared any more; they are deleted unless `check`."""
    generated = project / "docs" / "generated"
    found = [path for path in sorted((generated / FOLDER).glob("*.md")) if f"{FOLDER}/{path.name}" not in texts]
    if not check:
        for path in found:
            path.unlink()
    return [f"docs/generated/{FOLDER}/{path.name}" for path in found]


def _command_line(parser: argparse.ArgumentParser) -> str:
    """Every command with its help, and the settings."""
    lines = [
        "# The command line",
        "",
        "Written by `riskstrat docs`; do not edit by hand. Help is `riskstrat COMMAND -h`.",
        "",
    ]
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for name, command in groups[0].choices.items():
        lines += [f"## `riskstrat {name}`", "", str(command.description), ""]
        rows = [action for action in command._actions if not isinstance(action, argparse._HelpAction)]
        if rows:
            lines += ["| argument | meaning |", "|---|---|"]
            for action in rows:
                shown = ", ".join(action.option_strings) or action.dest
                needed = " (required)" if action.required and action.option_strings else ""
                choices = f" One of: {', '.join(map(str, action.choices))}." if action.choices else ""
                lines.append(f"| `{shown}`{needed} | {action.help or 'as-of date, YYYY-MM-DD'}{choices} |")
            lines.append("")
    lines += ["## Settings", "", "| environment variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in VARIABLES.items()]
    return "\n".join(lines) + "\n"


def _exit_codes(project: Path) -> str:
    """Every error class with its code."""
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.PipelineError)]
    lines = ["# Exit codes", "", "Written by `riskstrat docs` from `pipeline/errors.py`; do not edit by hand.", ""]
    lines += ["| code | error | meaning |", "|---|---|---|", "| 0 | | Done. |"]
    for error in sorted(classes, key=lambda each: each.exit_code):
        first = str(error.__doc__).splitlines()[0]
        lines.append(f"| {error.exit_code} | `{error.__name__}` | {first} |")
    lines += [
        "",
        "`riskstrat status` exits 0 when all is well, 1 when something needs a look, 2 when nothing can be published.",
        "",
    ]
    return "\n".join(lines)


def _cards(project: Path) -> dict[str, str]:
    """The card of each model, beside its plan."""
    concepts = load_features(project)
    names = sorted(path.parent.name for path in (project / "models").glob("*/plan.yml"))
    return {
        f"models/{name}/card.md": model_card(load_statement(project, name), load_plan(project, name), concepts)
        for name in names
    }


def _record(project: Path) -> str:
    """The transparency record of the model that nights score with."""
    return transparency_record(
        load_statement(project, MODEL),
        load_plan(project, MODEL),
        concepts=load_features(project),
        extracts=load_extracts(project),
        case=load_safety_case(project),
        retention=load_retention(project, project / "no-home"),
        version=version_of(project),
    )


def version_of(project: Path) -> str:
    """The release this is, as the project declares it."""
    found = re.search(r'^version = "(.+)"$', (project / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "of no version"


def _features(project: Path) -> str:
    return feature_catalogue(load_features(project), specs=load_specs(project), codelists=load_codelists(project))


PAGES: dict[str, Callable[[Path], str]] = {
    "exit-codes.md": _exit_codes,
    "feature-catalogue.md": _features,
    "register-columns.md": lambda project: register_columns_text(),
    "hazard-log.md": lambda project: hazard_log_page(load_safety_case(project)),
    "threat-model.md": lambda project: threat_model_page(load_safety_case(project)),
    "gates.md": lambda project: gates_page(load_safety_case(project), shown=load_shown(project)),
    "data-flow.md": data_flow_page,
    "transparency-record.md": _record,
}
