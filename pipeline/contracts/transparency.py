"""The Algorithmic Transparency Record: the fields of the UK standard, filled from the declarations.

Fields and numbers as in version 3.0 of the standard's template (github.com/co-cddo/algorithmic-transparency-recording-
standard; a version 4.0 has been announced: check before you publish). What only a deploying organisation can say is
left for it, in so many words. Writes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.feature import FeatureConcept
from pipeline.contracts.model import Plan
from pipeline.contracts.model_card import measured
from pipeline.contracts.retention import Retention
from pipeline.contracts.safety import SafetyCase
from pipeline.contracts.statement import Statement

THEIRS = "*For the deploying organisation to fill in.*"
Field = tuple[str, str, str]


def transparency_record(
    statement: Statement,
    plan: Plan,
    *,
    concepts: Sequence[FeatureConcept],
    extracts: Mapping[str, ExtractContract],
    case: SafetyCase,
    retention: Retention,
    version: str,
    evaluation: Mapping[str, Any] | None = None,
) -> str:
    """The whole record in Markdown; with an evaluation, that of one trained model."""
    made = "`riskstrat docs`" if evaluation is None else "`riskstrat evaluate`"
    lines = [
        f"# Algorithmic transparency record: {statement.title}",
        "",
        f"Written by {made} from the declarations; do not edit by hand. Fields of the Algorithmic Transparency",
        "Recording Standard (version 3.0 of its template). A deploying organisation copies it, fills in what is left",
        "to it and publishes it; this repository deploys nothing.",
    ]
    people = [contract for contract in extracts.values() if contract.person is not None]
    for title, fields in (
        ("Metadata and title", _metadata(statement)),
        ("Tier 1: overview", _overview(statement)),
        ("2.1 Owner and responsibility", _owner()),
        ("2.2 Description and rationale", _rationale(statement, plan)),
        ("2.3 Decision-making process", _process(statement, plan)),
        ("2.4.1 Tool specification", _tool(plan, version)),
        ("2.4.2 Model specification", _model(statement, plan, concepts, evaluation)),
        ("2.4.3 Data specification", _data(statement, people, concepts, retention, evaluation)),
        ("2.5 Risks, mitigations and impact assessments", _risks(case)),
    ):
        lines += ["", f"## {title}", "", "| | field | |", "|---|---|---|"]
        lines += [f"| {number} | {name} | {_line(says)} |" for number, name, says in fields]
    if evaluation is not None:
        lines += ["", "## Performance in full", "", *measured(evaluation)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _metadata(statement: Statement) -> list[Field]:
    return [
        ("0.2", "Standard version", "3.0"),
        ("0.3", "Organisation type", THEIRS),
        ("0.4", "Function", "Health: population health management, case finding"),
        ("0.5", "Capability", "Prediction and ranking"),
        ("0.6", "Task", "Estimating the chance of an emergency hospital admission"),
        ("0.11", "Title", statement.title),
        ("0.12", "Organisation name", THEIRS),
        ("0.13", "Phase", "Development: it has only seen invented people"),
        ("0.14", "Region", THEIRS),
        ("0.15", "One sentence description", statement.one_sentence),
    ]


def _overview(statement: Statement) -> list[Field]:
    return [
        ("1.1", "Name", f"riskstrat: {statement.title}"),
        ("1.2", "Description", f"{statement.purpose} {statement.not_for}"),
        ("1.3", "Website URL", THEIRS),
        ("1.4", "Contact email", THEIRS),
    ]


def _owner() -> list[Field]:
    named = ("Organisation or department", "Team", "Senior responsible owner", "External supplier involvement")
    return [(f"2.1.{place}", name, THEIRS) for place, name in enumerate(named, start=1)]


def _rationale(statement: Statement, plan: Plan) -> list[Field]:
    detailed = (
        "Every night the records that have come in are checked, linked under keyed pseudonyms and turned into "
        f"features. {_line(plan.question)} A calibrated model answers as a chance; people are ranked within their "
        "practice, and the practice is handed as many as it said it can work with, with dated reasons."
    )
    return [
        ("2.2.1", "Detailed description", detailed),
        ("2.2.2", "Scope", f"{statement.purpose} Not for: {statement.not_for}"),
        ("2.2.3", "Benefit", statement.benefit),
        ("2.2.4", "Previous process", statement.previous_process),
        ("2.2.5", "Alternatives considered", "; ".join(statement.alternatives)),
    ]


def _process(statement: Statement, plan: Plan) -> list[Field]:
    provided = (
        "A page and a file for each practice: rank, risk in words and in 100, what changed, reasons, what speaks "
        "against, how old each source is, what is missing. Columns: [the register](register-columns.md)."
    )
    scale = (
        "Scored every night, published weekly; lists of 2 in 100 adults unless the practice asked for something else."
    )
    return [
        ("2.3.1", "Process integration", statement.human_decision),
        ("2.3.2", "Provided information", provided),
        ("2.3.3", "Frequency and scale of usage", f"{scale} Numbers of people: {THEIRS}"),
        ("2.3.4", "Human decisions and review", statement.human_decision),
        ("2.3.5", "Required training", statement.training_needed),
        ("2.3.6", "Appeals and review", statement.appeals),
    ]


def _tool(plan: Plan, version: str) -> list[Field]:
    kept = "A model is trained anew by declaration and promoted by a person with a reason; nothing promotes by itself."
    return [
        (
            "2.4.1.1",
            "System architecture",
            "[The data-flow map](data-flow.md) and [the architecture](../architecture.md)",
        ),
        ("2.4.1.2", "Phase", "Development"),
        ("2.4.1.3", "Maintenance", kept),
        ("2.4.1.4", "Models", f"`{plan.name}`, of riskstrat {version}"),
    ]


def _model(
    statement: Statement, plan: Plan, concepts: Sequence[FeatureConcept], evaluation: Mapping[str, Any] | None
) -> list[Field]:
    columns = sum(len(concept.columns) for concept in concepts)
    sets = getattr(plan, "source_sets", ())
    family = f" One model for each of {len(sets)} lawful sets of sources." if sets else ""
    performance = "Not measured on any real population."
    model_id = "named by the digest of its files when it is trained"
    if evaluation is not None:
        auroc = evaluation["parts"]["all"]["auroc"]
        performance = f"AUROC {auroc[0]:.3f} ({auroc[1]:.3f} to {auroc[2]:.3f}); in full below. {_line(statement.note)}"
        model_id = str(evaluation["model_id"])
    return [
        ("2.4.2.1", "Model name", plan.name),
        ("2.4.2.2", "Model version", model_id),
        ("2.4.2.3", "Model task", plan.question),
        (
            "2.4.2.4",
            "Model input",
            f"{columns} columns in {len(concepts)} concepts: [the catalogue](feature-catalogue.md)",
        ),
        (
            "2.4.2.5",
            "Model output",
            "A calibrated chance between 0 and 1, and log-odds by concept for the people listed",
        ),
        (
            "2.4.2.6",
            "Model architecture",
            "Gradient-boosted shallow trees (LightGBM) or logistic regression, whichever has the lower out-of-fold log "
            f"loss; {plan.calibration} calibration.{family}",
        ),
        ("2.4.2.7", "Model performance", performance),
        ("2.4.2.8", "Datasets", "See 2.4.3; one set of rows for each past index date"),
        (
            "2.4.2.9",
            "Dataset purposes",
            f"Training on {len(plan.index_dates.train_months_before)} past index dates; a later date, and practices "
            "held out where enough take part, for judging",
        ),
    ]


def _data(
    statement: Statement,
    people: Sequence[ExtractContract],
    concepts: Sequence[FeatureConcept],
    retention: Retention,
    evaluation: Mapping[str, Any] | None,
) -> list[Field]:
    quantities = THEIRS
    if evaluation is not None:
        holdout = evaluation["holdout"]
        quantities = (
            f"Judged on {holdout['people']:,} people at {holdout['index_date']}, {holdout['events']:,} with the outcome"
        )
    stored = (
        "Identified rows lie apart from pseudonymised ones; the vault is encrypted and bound to the practice; "
        f"a night's tables are kept {retention.runs} days, registers {retention.registers}: [the data-flow "
        "map](data-flow.md)."
    )
    unknown = (
        "A source that does not cover a person is unknown, never none; who is not registered with a participating "
        "practice is not in it."
    )
    return [
        ("2.4.3.1", "Source data name", ", ".join(f"{one.title} (`{one.extract}`)" for one in people)),
        ("2.4.3.2", "Data modality", "Tabular: coded records of care, dated"),
        ("2.4.3.3", "Data description", "; ".join(f"{one.extract}: {_line(one.about)}" for one in people)),
        ("2.4.3.4", "Data quantities", quantities),
        ("2.4.3.5", "Sensitive attributes", "; ".join(statement.sensitive)),
        ("2.4.3.6", "Data completeness and representativeness", unknown),
        (
            "2.4.3.7",
            "Source data URL",
            "None: personal data. The invented region can be made by anybody (`riskstrat demo`).",
        ),
        (
            "2.4.3.8",
            "Data collection",
            "Recorded in the course of care and sent by its keepers under a basis for each source and purpose",
        ),
        (
            "2.4.3.9",
            "Data cleaning",
            "Rules beside each extract refuse a file, set a row apart or count: [the rules](extracts/rules.md)",
        ),
        (
            "2.4.3.10",
            "Data sharing agreements",
            f"Named in the policy file, source by source, with first and last day. {THEIRS}",
        ),
        ("2.4.3.11", "Data access and storage", stored),
    ]


def _risks(case: SafetyCase) -> list[Field]:
    worst = sorted(case.hazards, key=lambda one: (-one.residual.risk, one.hazard))
    told = "; ".join(f"{one.hazard} {one.title} (risk {one.residual.risk} of 5, {one.status})" for one in worst[:8])
    open_ones = sum(one.status == "open" for one in case.hazards)
    says = f"{len(case.hazards)} hazards, {open_ones} of them open: [the hazard log](hazard-log.md). "
    says += f"With the highest remaining risk: {told}."
    threats = f" {len(case.threat_model.threats)} threats: [the threat model](threat-model.md)."
    return [
        (
            "2.5.1",
            "Impact assessment",
            f"Data protection, equality and clinical safety (DCB0160) assessments: {THEIRS}",
        ),
        ("2.5.2", "Risks and mitigations", says + threats),
    ]


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "/")
