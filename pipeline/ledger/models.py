"""Models that were trained, and which of them a person promoted.

Training records; only `promote` makes a model the one that scores. The artefacts lie in the store.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from pipeline.errors import UserError
from pipeline.ledger.connect import Ledger, insert_new, reading, writing
from pipeline.ledger.tables import model as model_table
from pipeline.ledger.tables import promotion as promotion_table


@dataclass(frozen=True)
class Model:
    """A trained model; `metrics` as its evaluation wrote them."""

    model_id: str
    name: str
    kind: str
    trained_as_of: date
    run_key: str
    metrics: dict[str, Any]
    recorded_at: datetime


@dataclass(frozen=True)
class Promotion:
    """Who made a model the one that scores, when and why."""

    name: str
    model_id: str
    who: str
    reason: str
    promoted_at: datetime


def record_model(ledger: Ledger, *, model: Model) -> None:
    """Enter a trained model; one that is there already is left alone."""
    with writing(ledger) as connection:
        insert_new(connection, model_table, [asdict(model)])


def promote(ledger: Ledger, *, name: str, model_id: str, who: str, reason: str, at: datetime) -> None:
    """Make the model the champion of its name; a new row each time, so the history stays.

    Raises UserError if no model of that name and id is in the ledger.
    """
    known = select(model_table.c.model_id).where(model_table.c.name == name, model_table.c.model_id == model_id)
    with writing(ledger) as connection:
        if connection.execute(known).one_or_none() is None:
            raise UserError(
                f"There is no model {model_id} of the name {name}",
                where="ledger, table model",
                next_step="train it first, or list the models that are there with the status command",
            )
        last = connection.execute(select(func.max(promotion_table.c.promotion_id))).scalar()
        row = {
            "promotion_id": (last or 0) + 1,
            "name": name,
            "model_id": model_id,
            "who": who,
            "reason": reason,
            "promoted_at": at,
        }
        connection.execute(promotion_table.insert(), [row])


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
    """Every promotion under this name, oldest first."""
    columns = [column for column in promotion_table.c if column.name != "promotion_id"]
    chosen = select(*columns).where(promotion_table.c.name == name).order_by(promotion_table.c.promotion_id)
    with reading(ledger) as connection:
        return [Promotion(**row._mapping) for row in connection.execute(chosen)]
