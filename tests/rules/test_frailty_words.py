"""How frail a person is, in words: the practice's grade first; below 65 no index; unknown is not fit."""

from datetime import date

import pytest

from pipeline.rules.frailty_words import frailty

DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {"frailty_grade": 3, "frailty_grade_days_since": 164, "efi_style_band": 3, "efi_style_index": 0.3889},
            "Severe frailty, graded 12 June 2026; frailty index 0.39 suggests severe frailty",
        ),
        (
            {"frailty_grade": 0, "efi_style_band": 1, "efi_style_index": 0.2},
            "Frailty not graded; frailty index 0.20 suggests mild frailty",
        ),
        (
            {"frailty_grade": 1, "efi_style_band": 0, "efi_style_index": 0.0833},
            "Mild frailty; frailty index 0.08 suggests no frailty",
        ),
        ({"frailty_grade": 1, "efi_style_band": None}, "Mild frailty"),
        ({"frailty_grade": 0, "efi_style_band": 2, "efi_style_index": 0.3, "age_years": 64}, "Frailty not graded"),
        ({}, None),
    ],
)
def test_frailty_is_told_as_the_record_has_it(values: dict[str, object], says: str | None) -> None:
    assert frailty({"age_years": 80, **values}, index_date=DAY) == says
