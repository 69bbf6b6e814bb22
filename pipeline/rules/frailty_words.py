"""How frail a person is, as the GP record says it: the practice's own grade first, then the count of deficits.

The grade is a clinician's judgement (clinical codes of mild, moderate and severe frailty). The index approximates the
electronic Frailty Index (Clegg and others, Age and Ageing 2016;45:353), made for people of 65 and over.
"""

from collections.abc import Mapping
from datetime import date

from pipeline.rules.reasons_facts import count, day_since, number

AGE_INDEX = 65  # years
DEFICITS = 36
_GRADES = ("none", "mild", "moderate", "severe")
_BANDS = ("no", "mild", "moderate", "severe")


def frailty(values: Mapping[str, object], *, index_date: date) -> str | None:
    """`Frailty not graded; frailty index 0.39 suggests severe frailty`; None when the GP record is not known."""
    grade, band = count(values, "frailty_grade"), count(values, "efi_style_band")
    if grade is None and band is None:
        return None
    parts = []
    if grade:
        graded = day_since(values, "frailty_grade_days_since", index_date=index_date)
        parts.append(f"{_GRADES[grade]} frailty" + (f", graded {graded}" if graded else ""))
    else:
        parts.append("frailty not graded")
    age, index = number(values, "age_years"), number(values, "efi_style_index")
    if band is not None and index is not None and age is not None and age >= AGE_INDEX:
        parts.append(f"frailty index {index:.2f} suggests {_BANDS[band]} frailty")
    told = "; ".join(parts)
    return told[:1].upper() + told[1:]
