"""The hazard log, the threat model and the table of gates as pages of words. Writes nothing: the command line does."""

import re
from collections.abc import Iterable, Mapping, Sequence

from pipeline.contracts.safety import LIKELIHOODS, MATRIX, SEVERITIES, Control, Hazard, Rating, SafetyCase, Threat

# By control: what its test said with the control in place, and without it (tests/gates/show.py).
Shown = Mapping[str, Mapping[str, str]]
_UP = "../../"
_KINDS = {"design": "design", "training": "training", "process": "business process"}
_HAZARDS_HEAD = """# Hazard log

Written by `riskstrat docs` from `docs/safety/`; do not edit by hand. In the terms of DCB0129, for a deployment's own
log under DCB0160 to begin from. Ratings are the makers' proposal: no clinical safety officer has approved them. Which
test fails without a control is in [the table of gates](gates.md).
"""
_THREATS_HEAD = """# Threat model

Written by `riskstrat docs` from `docs/safety/threats.yml`; do not edit by hand. Kinds are the six known as STRIDE.
Where data lie and flow: [the data-flow map](data-flow.md). Which test fails without a control: [the table of
gates](gates.md).
"""
_GATES_HEAD = """# Gates: what fails when each is taken out

Written by `riskstrat docs` from `docs/safety/`; do not edit by hand. Each control was taken out of a copy of the tree
and the test named beside it was run there, and in the copy as it was (`tests/gates`). *Shown* tells what the test
raised without the control; with it, it passed. CI shows it anew:

```sh
.venv/bin/python -m pytest -m acceptance tests/gates
```
"""
_TOLD_HEAD = """## Controls by training and process

A test fails when the page no longer says so (`tests/docs/test_safety.py`). That people were trained is not
ours to show.
"""
_MATRIX_FOOT = """5 unacceptable; 4 must be reduced; 3 undesirable, acceptable only where less is impractical; 2
acceptable where reducing it costs more than it gains; 1 acceptable. The matrix is that of the hazard log of NHS
England's UK Core, which follows the guidance to DCB0129: check before use.
"""
_STATUS = {"controlled": "controlled", "open": "**open**", "transferred": "transferred to the deployment (DCB0160)"}


def hazard_log_page(case: SafetyCase) -> str:
    """Every hazard with its ratings, controls and what remains; the matrix and an overview first."""
    lines = [
        _HAZARDS_HEAD,
        "## Overview",
        "",
        "| hazard | | before | after | status |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| [{one.hazard}](#{_anchor(_heading(one))}) | {one.title} | {one.initial.risk} | {one.residual.risk} "
        f"| {_STATUS[one.status]} |"
        for one in case.hazards
    ]
    lines += ["", *_matrix()]
    for one in case.hazards:
        lines += _hazard(one, case)
    return "\n".join(lines) + "\n"


def threat_model_page(case: SafetyCase) -> str:
    """Assets, actors, boundaries and every threat with what stands against it."""
    model = case.threat_model
    lines = [
        _THREATS_HEAD.rstrip("\n"),
    ]
    for title, named in (
        ("What is worth protecting", model.assets),
        ("From whom", model.actors),
        ("Where trust changes", model.boundaries),
    ):
        lines += ["", f"## {title}", "", "| | |", "|---|---|", *(f"| {one.name} | {one.says} |" for one in named)]
    lines += ["", "## Threats", ""]
    for boundary in model.boundaries:
        for threat in (one for one in model.threats if one.boundary == boundary.name):
            lines += _threat(threat, case)
    return "\n".join(lines) + "\n"


def gates_page(case: SafetyCase, *, shown: Shown) -> str:
    """Every control of the software: its place, its test, and what was shown when it was taken out."""
    lines = [
        _GATES_HEAD,
        f"{len(case.gates)} controls, {sum(_is_shown(one, shown) for one in case.gates)} of them shown.",
        "",
        "| control | says | place | test that fails | shown | stands against |",
        "|---|---|---|---|---|---|",
    ]
    for one in case.gates:
        cells = [f"`{one.control}`", one.says, _place(one), _test(one), _shown(one, shown)]
        cells.append(", ".join(case.rests_on(one.control)))
        lines.append(f"| {' | '.join(cells)} |")
    procedural = [one for one in case.controls if one.kind != "design"]
    lines += [
        "",
        _TOLD_HEAD,
        "| control | says | kind | page | stands against |",
        "|---|---|---|---|---|",
    ]
    for one in procedural:
        cells = [f"`{one.control}`", one.says, _KINDS[one.kind], f"[{one.page}]({_UP}{one.page})"]
        cells.append(", ".join(case.rests_on(one.control)))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _matrix() -> list[str]:
    lines = ["## The matrix", "", f"| likelihood | {' | '.join(SEVERITIES)} |", f"|---|{'---|' * len(SEVERITIES)}"]
    for likelihood in reversed(LIKELIHOODS):
        lines.append(f"| {_words(likelihood)} | {' | '.join(map(str, MATRIX[likelihood]))} |")
    lines += [
        "",
        _MATRIX_FOOT,
        "## Hazards",
        "",
    ]
    return lines


def _hazard(hazard: Hazard, case: SafetyCase) -> list[str]:
    lines = [
        f"### {_heading(hazard)}",
        "",
        "| | |",
        "|---|---|",
        f"| may come from | {'; '.join(hazard.causes)} |",
        f"| effect on a patient or on care | {hazard.effect} |",
        f"| before controls | {_rating(hazard.initial)} |",
        f"| with controls | {_rating(hazard.residual)} |",
        f"| owner | {hazard.owner} |",
        f"| status | {_STATUS[hazard.status]} |",
    ]
    if hazard.remains:
        lines.append(f"| remains | {' '.join(hazard.remains.split())} |")
    return [*lines, "", *_controls(hazard.controls, case), ""]


def _threat(threat: Threat, case: SafetyCase) -> list[str]:
    return [
        f"### {threat.threat}: {threat.says}",
        "",
        f"*{_words(threat.kind).capitalize()}*, at {_words(threat.boundary)}, by {_words(threat.actor)}. "
        f"Remains: {' '.join(threat.remains.split())}",
        "",
        *_controls(threat.controls, case),
        "",
    ]


def _controls(names: Sequence[str], case: SafetyCase) -> Iterable[str]:
    if not names:
        return ["No control exists yet."]
    lines = ["| control | kind | place | proved by |", "|---|---|---|---|"]
    for name in names:
        one = case.control(name)
        if one.kind == "design":
            lines.append(f"| {one.says} | {_KINDS[one.kind]} | {_place(one)} | {_test(one)} |")
        else:
            page = f"[{one.page}]({_UP}{one.page})"
            lines.append(f"| {one.says} | {_KINDS[one.kind]} | {page} | tests/docs/test_safety.py |")
    return lines


def _place(control: Control) -> str:
    return f"[`{control.place}`]({_UP}{control.file})"


def _test(control: Control) -> str:
    path, _, name = control.proved_by.partition("::")
    # Examples are named by values that a table cannot hold; the test's own name is enough to find it.
    return f"[`{name.partition('[')[0]}`]({_UP}{path})"


def _is_shown(control: Control, shown: Shown) -> bool:
    found = shown.get(control.control, {})
    is_same = found.get("digest") == control.digest
    return is_same and found.get("with") == "passed" and found.get("without", "").startswith("failed")


def _shown(control: Control, shown: Shown) -> str:
    if not _is_shown(control, shown):
        return "**not shown**"
    return f"fails with `{shown[control.control]['without'].removeprefix('failed: ')}`"


def _heading(hazard: Hazard) -> str:
    return f"{hazard.hazard}: {hazard.title}"


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _rating(rating: Rating) -> str:
    return f"{rating.severity}, {_words(rating.likelihood)}: risk {rating.risk}"


def _words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")
