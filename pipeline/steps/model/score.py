"""Score: the risk of everyone registered, with the promoted model loaded by its digest.

The family's model for the night's set of sources scores. Refuses when the night's features are not the family's.
Writes the slice of the run in `score`.
"""

import pyarrow as pa

from pipeline.contracts.code import CODELISTS
from pipeline.engines.learner import Model, load_model, predict
from pipeline.errors import ModelUnfit
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.codelists import feature_digests, release_of
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.run.run import MODEL
from pipeline.store import layout, tables

# People whose features are in memory at a time; a score depends on its own row alone.
PEOPLE_AT_ONCE = 25_000


def score(context: Context, *, run: Run) -> StepResult:
    """Write the score of everyone in the run's feature slice."""
    # read
    home = context.settings.home
    wide = tables.batches(layout.table(home, "feature"), column="run_key", value=run.run_key, rows=PEOPLE_AT_ONCE)
    model = promoted_model(context, run)
    # decide
    parts = [predict(model, people, threads=context.settings.threads).as_table() for people in wide]
    scores = pa.concat_tables(parts).sort_by("person_key")
    # write
    named = scores.append_column("model_id", pa.array([run.model_id] * scores.num_rows, type=pa.string()))
    tables.replace_slice(layout.table(home, "score"), named, column="run_key", value=run.run_key)
    return StepResult(counts={"people": scores.num_rows}, digest=tables.digest(named))


def promoted_model(context: Context, run: Run) -> Model:
    """The model the run was frozen with, from its files; raises ModelUnfit when they are gone or do not fit."""
    model = stored_model(context, str(run.model_id), source_set=run.inputs.get("source_set"))
    changed = changed_definitions(context, model)
    if changed:
        raise ModelUnfit(
            f"Model {model.model_id} learned from other definitions of its features",
            where=", ".join(changed[:5]),
            next_step="train a model with the present definitions and promote it, or go back to the former release"
            + (" (of code lists: docs/code-lists.md)" if changed[0].startswith(CODELISTS) else ""),
        )
    return model


def stored_model(context: Context, model_id: str, *, source_set: str | None = None) -> Model:
    """A family's model for a set of sources (the largest, without a name), whatever it learned from.

    Raises ModelUnfit when its files are gone or another's, or it has none for the set.
    """
    folder = layout.models(context.settings.home, MODEL) / model_id
    if not (folder / "manifest.json").is_file():
        raise ModelUnfit(
            f"The files of model {model_id} are not in this home",
            where=f"models/{MODEL}",
            next_step="restore them from the backup, or train and promote another model",
        )
    model = load_model({path.name: path.read_bytes() for path in sorted(folder.iterdir())}, source_set=source_set)
    if model.model_id != model_id:
        raise ModelUnfit(
            f"The files named {model_id} are those of model {model.model_id}",
            where=f"models/{MODEL}",
            next_step="restore them from the backup, or promote the model that they are",
        )
    return model


def changed_definitions(context: Context, model: Model) -> list[str]:
    """Definitions that are not those the model learned from, but for code lists it may score with all the same.

    The same column made by another query is another feature. A changed list is let through only where the release in
    use names the model and the very rows: someone looked at what changes and decided (docs/code-lists.md).
    """
    learned, present = model.manifest["sources_sha256"], feature_digests(context)
    release = release_of(context)
    accepted = release.accepted_models.get(model.model_id, {}) if release else {}
    differing = {name for name in {*learned, *present} if learned.get(name) != present.get(name)}
    return sorted(name for name in differing if name not in accepted or accepted[name] != present.get(name))
