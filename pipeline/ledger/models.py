"""The registry: families of models that were trained, their evaluations, and which of them a person promoted.

Training records; only a person's promotion or rollback makes a model the one that scores. The artefacts lie in the
store.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from pipeline.errors import UserError
from pipeline.ledger.connect import Ledger, insert_new, reading, writing
from pipeline.ledger.tables import evaluation as evaluation_table
from pipeline.ledger.tables import model as model_table
from pipeline.ledger.tables import promotion as promotion_table

State = Literal["challenger", "evaluated", "champion", "former"]


@dataclass(frozen=True)
class Model:
    """A trained family; `metrics` as its training wrote them, `source_sets` name and sources, the largest first."""

    model_id: str
    name: str
    kind: str
    trained_as_of: date
    run_key: str
    metrics: dict[str, Any]
    recorded_at: datetime
    source_sets: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Evaluation:
    """The bytes of one evaluation, and the sentences in it that a promotion must have a reason for."""

    model_id: str
    sha256: str
    objections: list[str]
    evaluated_at: datetime


@dataclass(frozen=True)
class Promotion:
    """Who made a model the one that scores, when, why, on which evaluation, and despite what."""

    name: str
    model_id: str
    who: str
    reason: str
    promoted_at: datetime
    verb: str = "promote"
    evaluation_sha256: str | None = None
    objections: list[str] | None = None
    despite: str | None = None


@dataclass(frozen=True)
class Registered:
    """One model of the registry with its state, evaluations and promotions, oldest first."""

    model: Model
    state: State
    evaluations: tuple[Evaluation, ...]
    promotions: tuple[Promotion, ...]


def record_model(ledger: Ledger, *, model: Model) -> None:
    """Enter a trained model; one that is there already is left alone."""
    with writing(ledger) as connection:
        insert_new(connection, model_table, [asdict(model)])


def record_evaluation(ledger: Ledger, *, evaluation: Evaluation) -> None:
    """Enter an evaluation; the same bytes as its model's last are not entered again. UserError for an unknown model."""
    with writing(ledger) as connection:
        _refuse_unknown(connection, model_id=evaluation.model_id)
        last = _evaluations(connection, evaluation.model_id)[-1:]
        if not last or (last[0].sha256, last[0].objections) != (evaluation.sha256, evaluation.objections):
            number = connection.execute(select(func.max(evaluation_table.c.evaluation_id))).scalar()
            row = {"evaluation_id": (number or 0) + 1, **asdict(evaluation)}
            connection.execute(evaluation_table.insert(), [row])


def promote(ledger: Ledger, *, promotion: Promotion) -> None:
    """Make the model the champion of its name; a new row each time, so the history stays.

    Raises UserError if no model of that name and id is in the ledger.
    """
    with writing(ledger) as connection:
        _refuse_unknown(connection, model_id=promotion.model_id, name=promotion.name)
        last = connection.execute(select(func.max(promotion_table.c.promotion_id))).scalar()
        connection.execute(promotion_table.insert(), [{"promotion_id": (last or 0) + 1, **asdict(promotion)}])


def champion(ledger: Ledger, *, name: str) -> Model | None:
    """The model promoted last under this name, or None."""
    chosen = (
        select(model_table)
        .join(promotion_table, promotion_table.c.model_id == model_table.c.model_id)
        .where(promotion_table.c.name == name)
        .order_by(promotion_table.c.promotion_id.desc())
        .limit(1)
    )
    with reading(ledger) as connection:
        row = connection.execute(chosen).one_or_none()
    return None if row is None else Model(**row._mapping)


def get_model(ledger: Ledger, *, name: str, model_id: str) -> Model:
    """The model; raises UserError if no model of that name and id is in the ledger."""
    found = find_model(ledger, name=name, model_id=model_id)
    if found is None:
        raise _unknown(name, model_id)
    return found


def find_model(ledger: Ledger, *, name: str, model_id: str) -> Model | None:
    """The model, or None."""
    return next((one for one in list_models(ledger, name=name) if one.model_id == model_id), None)


def list_models(ledger: Ledger, *, name: str) -> list[Model]:
    """Every model of this name, in the order they were recorded."""
    chosen = (
        select(model_table)
        .where(model_table.c.name == name)
        .order_by(model_table.c.recorded_at, model_table.c.model_id)
    )
    with reading(ledger) as connection:
        return [Model(**row._mapping) for row in connection.execute(chosen)]


def promotions(ledger: Ledger, *, name: str) -> list[Promotion]:
    """Every promotion and rollback under this name, oldest first."""
    columns = [column for column in promotion_table.c if column.name != "promotion_id"]
    chosen = select(*columns).where(promotion_table.c.name == name).order_by(promotion_table.c.promotion_id)
    with reading(ledger) as connection:
        return [Promotion(**row._mapping) for row in connection.execute(chosen)]


def evaluations(ledger: Ledger, *, model_id: str) -> list[Evaluation]:
    """Every evaluation of the model, oldest first."""
    with reading(ledger) as connection:
        return _evaluations(connection, model_id)


def registry(ledger: Ledger, *, name: str) -> list[Registered]:
    """Every model of this name with its state: a challenger until it was evaluated, then evaluated, then champion, and
    a former champion once another took its place."""
    acts = promotions(ledger, name=name)
    last = acts[-1].model_id if acts else None
    found = []
    for one in list_models(ledger, name=name):
        own = tuple(act for act in acts if act.model_id == one.model_id)
        judged = tuple(evaluations(ledger, model_id=one.model_id))
        state: State = "evaluated" if judged else "challenger"
        if own:
            state = "champion" if one.model_id == last else "former"
        found.append(Registered(one, state, judged, own))
    return found


def _evaluations(connection: Connection, model_id: str) -> list[Evaluation]:
    columns = [column for column in evaluation_table.c if column.name != "evaluation_id"]
    chosen = select(*columns).where(evaluation_table.c.model_id == model_id).order_by(evaluation_table.c.evaluation_id)
    return [Evaluation(**row._mapping) for row in connection.execute(chosen)]


def _refuse_unknown(connection: Connection, *, model_id: str, name: str | None = None) -> None:
    known = select(model_table.c.model_id).where(model_table.c.model_id == model_id)
    if name is not None:
        known = known.where(model_table.c.name == name)
    if connection.execute(known).one_or_none() is None:
        raise _unknown(name, model_id)


def _unknown(name: str | None, model_id: str) -> UserError:
    return UserError(
        f"There is no model {model_id}" + (f" of the name {name}" if name else ""),
        where="ledger, table model",
        next_step="train it first, or list the models that are there: riskstrat models",
    )
