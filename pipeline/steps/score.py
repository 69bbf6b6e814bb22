"""Score: the risk of everyone registered, with the promoted model loaded by its digest.

Refuses when the night's features are not the model's. Writes the slice of the run in `score`.
"""

import pyarrow as pa

from pipeline.contracts.code import feature_sql_digests
from pipeline.engines.learner import Model, load_model, predict
from pipeline.errors import ModelUnfit
from pipeline.ledger.runs import Run
from pipeline.steps.context import Context, StepResult
from pipeline.steps.run import MODEL
from pipeline.store import layout, tables


def score(context: Context, *, run: Run) -> StepResult:
    """Write the score of everyone in the run's feature slice."""
    # read
    home = context.settings.home
    wide = tables.read(layout.table(home, "feature"), column="run_key", values=[run.run_key])
    model = promoted_model(context, run)
    # decide
    scores = predict(model, wide.sort_by("person_key"), threads=context.settings.threads).as_table()
    # write
    named = scores.append_column("model_id", pa.array([run.model_id] * scores.num_rows, type=pa.string()))
    tables.replace_slice(layout.table(home, "score"), named, column="run_key", value=run.run_key)
    return StepResult(counts={"people": scores.num_rows}, digest=tables.digest(named))


def promoted_model(context: Context, run: Run) -> Model:
    """The model the run was frozen with, from its files; raises ModelUnfit when they are gone."""
    folder = layout.models(context.settings.home, MODEL) / str(run.model_id)
    if not (folder / "manifest.json").is_file():
        raise ModelUnfit(
            f"The files of model {run.model_id} are not in this home",
            where=f"models/{MODEL}",
            next_step="restore them from the backup, or train and promote another model",
        )
    model = load_model({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    if model.model_id != run.model_id:
        raise ModelUnfit(
            f"The files named {run.model_id} are those of model {model.model_id}",
            where=f"models/{MODEL}",
            next_step="restore them from the backup, or promote the model that they are",
        )
    _refuse_other_features(context, model)
    return model


def _refuse_other_features(context: Context, model: Model) -> None:
    """The same column made by another query is another feature: refuse, rather than score with it."""
    learned, present = model.manifest["sources_sha256"], feature_sql_digests(context.settings.project)
    changed = sorted(name for name in {*learned, *present} if learned.get(name) != present.get(name))
    if changed:
        raise ModelUnfit(
            f"Model {model.model_id} learned from other definitions of its features",
            where=", ".join(changed[:5]),
            next_step="train a model with the present definitions and promote it, or go back to the former release",
        )
