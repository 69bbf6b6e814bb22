"""Families learned once for all tests of the learner."""

import pytest
from invented_frame import learned, quick_plan


@pytest.fixture(scope="session")
def trained():
    return learned()


@pytest.fixture(scope="session")
def baseline():
    """The same training under a plan that asks LightGBM for more than it can give, so the baseline ships."""
    return learned(choice=quick_plan().choice.model_copy(update={"margin": 1.0}))


@pytest.fixture(params=["lightgbm", "logistic"])
def either(request, trained, baseline):
    return trained if request.param == "lightgbm" else baseline
