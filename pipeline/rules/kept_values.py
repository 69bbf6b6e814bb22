"""Whether a value in a column that is kept can be a code, or must be something of a person in the wrong place.

Linkage keeps codes, units and organisations as they are sent. A supplier whose columns have slipped would put a name, a
number or a birth date there. What is not a declared code and has not the shape of one is withheld. Shapes and
words only: a surname of four letters or fewer looks like a unit or a provider, one that is a word of the standard like
that word, and a date in a column of dates is a date. Pure.
"""

import re
from collections.abc import Collection

# Codes and units: short, no spaces, a digit or a sign in it, or only a few letters.
_LONGEST_CODE, _LONGEST_WORD = 18, 4
_SHAPE = re.compile(r"[A-Za-z0-9%][A-Za-z0-9./_^%*{}\[\]()+-]*")
_TEN_DIGITS = re.compile(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}")
_POSTCODE = re.compile(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-/.]?[01][0-9][-/.]?[0-3][0-9]"
    r"|[0-3]?[0-9][-/. ]?(?:[01][0-9]|[A-Za-z]{3,9})[-/. ]?(?:19|20)[0-9]{2}"
)
# The largest number that is kept: below an NHS number, and below a date written as one.
LARGEST_NUMBER = 9_999_999
# Units that are words of more letters. Source: UCUM and what practice systems write; check before use.
WORDS = frozenset({"mmhg", "mmol", "score", "ratio", "units", "years", "months", "weeks", "days", "hours", "breaths"})
# Words that adult social care is written down in. Source: ASC Client Level Data, Release 2, its lists of values;
# recalled in part, check before use. A value with any other word is withheld: a word too few loses a value, no more.
_STANDARD = """
a above access accommodation action acute adaptations admission adult advice advocate age agreed alarm all
alternative and another approved armed arrangements as assessment assisted at authority bed below blind both
breakdown care cared carer carers case change changed changes child choice client cognition commissioned
community complete completed complex condition conditional continuing council crisis cse date day deaf death
declined direct disabilities disability discharge domestic dual due early employment end ended equipment event
extra facility family for foster friend friends from full funded funding further general health hearing high
home homeless hospital hostel household housing identified impairment in independent information initial
intermediate involving isolation joint learning legislation less level live living local long low mainstream max
meals memory mental misuse mobile moved moving needs network new nhs night no none not number nursing occupier
of offered on ongoing only open opted or other out outcome outstanding over owner paid part partially payment
person personal physical place placement plan planned police prevention primary prison private professional
progress progressed provided provider provision psychiatric reablement reason refuge registered rehabilitation
rehousing request requested residential respite responsibility review rough route safeguarding same school
secondary self sensory service services settled settlement severe shared shelter sheltered shop short signposted
signposting sleeper sleeping social specialist squatting st start status staying step substance support
supported team technology telecare temporary tenancy tenant term the their time to transport traveller
travellers type unchanged under universal unknown unpaid unplanned unsettled user value virtual visual voluntary
ward wellbeing with withdrawn within worker
"""
STANDARD_WORDS = frozenset(_STANDARD.split())
_WORDS_OF = re.compile(r"[A-Za-z]+")
_PLAIN = re.compile(r"[A-Za-z0-9 &/:,()'-]{1,100}")
_D5 = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_TURNS = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def may_be_kept(value: str, *, codes: Collection[str] = ()) -> bool:
    """Whether the value is one of the codes, or has the shape of a code and of nothing personal."""
    if value in codes or is_concept_id(value):
        return True
    text = value.strip()
    if not text or _is_of_the_standard(text):
        return True
    if len(text) > _LONGEST_CODE or not _SHAPE.fullmatch(text):
        return False
    if _TEN_DIGITS.fullmatch(text) or _POSTCODE.fullmatch(text) or _DATE.fullmatch(text):
        return False
    return not text.isalpha() or len(text) <= _LONGEST_WORD or text.lower() in WORDS


def _is_of_the_standard(text: str) -> bool:
    """Whether the text is a phrase of nothing but words of the standard, and of numbers of one or two digits."""
    if not _PLAIN.fullmatch(text) or re.search(r"[0-9]{3}", text):
        return False
    return all(word.lower() in STANDARD_WORDS for word in _WORDS_OF.findall(text))


def is_concept_id(text: str) -> bool:
    """Whether the text is a SNOMED CT concept identifier: 6 to 18 digits, partition 00 or 10, right check digit.

    Source: SNOMED CT Release File Specification, SCTID and its Verhoeff check digit.
    """
    if not (6 <= len(text) <= 18 and text.isascii() and text.isdigit() and text[-3:-1] in ("00", "10")):
        return False
    check = 0
    for place, digit in enumerate(reversed(text)):
        check = int(_D5[check][int(_TURNS[place % 8][int(digit)])])
    return check == 0
