"""No feature is a constant: on a demo-like region every declared column has at least two values, nulls aside.

A column that never varies is no feature: either its code list is empty, its window is wrong, or the invented records
hold nothing for it.
"""

import pytest

from pipeline.contracts.feature import load_features
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

pytestmark = pytest.mark.acceptance


def test_every_feature_varies_over_a_demo_like_region(demo_home: Context) -> None:
    wide = tables.read(layout.table(demo_home.settings.home, "feature"))
    declared = [column.name for concept in load_features(demo_home.settings.project) for column in concept.columns]
    values = {name: len(wide[name].drop_null().unique()) for name in declared}
    assert len(wide) > 5_000 and len(declared) >= 150
    assert [name for name in declared if values[name] < 2] == []
