"""Column types that behave alike on SQLite and PostgreSQL: UTC moments, canonical JSON, exact decimals.

They only translate values on the way in and out; no table and no query lives here.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Numeric, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from pipeline.errors import PipelineError

SIX_PLACES = Decimal("0.000001")


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces, so equal values are equal text; refuses NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class UtcMoment(TypeDecorator[datetime]):
    """An aware moment: stored as UTC, given back aware and in UTC. A naive one is a mistake and raises."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise PipelineError("a stamp for the ledger has no time zone")
        moment = value.astimezone(UTC)
        # SQLite has no type for moments and would drop the offset without a word.
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CanonicalJson(TypeDecorator[Any]):
    """A JSON value kept as canonical text, so a digest of the column is the same on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class SixPlaces(TypeDecorator[Decimal]):
    """A probability with six decimal places: numeric on PostgreSQL, text on SQLite, which has no decimals."""

    impl = Numeric(7, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(8) if dialect.name == "sqlite" else Numeric(7, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        exact = value.quantize(SIX_PLACES)
        if exact != value or not 0 <= value <= 1:
            raise PipelineError("a risk score for the ledger is not a probability rounded to six places")
        return str(exact) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).quantize(SIX_PLACES)


class Measured(TypeDecorator[Decimal]):
    """A measure of a delivery, rounded to six places: numeric on PostgreSQL, text on SQLite, which has no decimals."""

    impl = Numeric(24, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else Numeric(24, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not value.is_finite() or abs(value) >= 10**18:
            raise PipelineError("a measure for the ledger is not a number below 10^18")
        exact = value.quantize(SIX_PLACES)
        return str(exact) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).quantize(SIX_PLACES)
