"""What comes back from a practice: the columns that are its own, the sheets they stand on, and how large a file may be.

The words it may choose from are those that expectations/outputs/register.yml declares; what stands of several answers
is decided in rules/answers.py, whose `Answers` a register's row holds.
"""

from pipeline.rules.answers import (
    ANSWER_FIELDS,
    Answers,
    Conflict,
    Nomination,
    Said,
    disagreement_words,
    nomination_words,
    printed,
)

# Sheets of the workbook; a CSV has the register's columns alone, and nominations as rows without a practice key.
REGISTER_SHEET, NOMINATIONS_SHEET = "Register", "Nominations"
# What a returned row is known by; each must be there under its declared name or title.
KEY_COLUMNS = ("nhs_number", "birth_date", "practice_code", "run_key", "practice_key")
# The columns of the sheet of nominations: name, title, what to write.
NOMINATION_COLUMNS = (
    ("nhs_number", "NHS number", "Ten digits. The person must be an adult patient of yours and not on the list."),
    ("birth_date", "Date of birth", "Checked against the record: it guards against a slip in the number."),
    ("nomination_reason", "Why", "A few words: what you know that the score does not."),
    ("nominated_by", "Who says so", "Name or role."),
)
LONGEST_TEXT = {"status_note": 500, "lead_professional": 100, "answered_by": 100} | {
    "nomination_reason": 500,
    "nominated_by": 100,
}  # characters

__all__ = [
    "ANSWER_FIELDS",
    "KEY_COLUMNS",
    "LONGEST_TEXT",
    "NOMINATIONS_SHEET",
    "NOMINATION_COLUMNS",
    "REGISTER_SHEET",
    "Answers",
    "Conflict",
    "Nomination",
    "Said",
    "disagreement_words",
    "nomination_words",
    "printed",
]
