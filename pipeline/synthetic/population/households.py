"""Households: couples, families and shared flats among the people of each practice; everyone else lives alone.

Proportions are our own choice, near what London's censuses show; there are no three-generation homes.
"""

import numpy as np

_AGES = (18, 25, 35, 50, 70, 80, 92)
_PARTNERED = (0.05, 0.30, 0.60, 0.60, 0.52, 0.35, 0.12)
_ADULT_CHILD_AT_HOME = 0.35
_SHARES_A_FLAT = 0.55
_MOTHERS = 0.6


def draw_households(
    practice: np.ndarray, age: np.ndarray, is_female: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(household number from 0, index of its head) per person; people of one household have one practice."""
    count = len(practice)
    head = np.arange(count)
    for index in np.unique(practice[practice >= 0]):
        here = np.flatnonzero(practice == index)
        head[here] = here[_heads(age[here], is_female[here], rng)]
    heads, household = np.unique(head, return_inverse=True)
    return household, heads[household]


def _heads(age: np.ndarray, is_female: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The head of each person's household, among the people of one practice."""
    count = len(age)
    head = np.arange(count)
    partnered = (age >= 18) & (rng.random(count) < np.interp(age - 1.5 * ~is_female, _AGES, _PARTNERED))
    women, men = np.flatnonzero(partnered & is_female), np.flatnonzero(partnered & ~is_female)
    pairs = min(len(women), len(men))
    women, men = rng.permutation(women)[:pairs], rng.permutation(men)[:pairs]
    women = women[np.argsort(age[women] + 2 * rng.standard_normal(pairs), kind="stable")]
    men = men[np.argsort(age[men] + 2 * rng.standard_normal(pairs), kind="stable")]
    head[men] = women
    is_child = (age < 19) | ((age < 28) & (rng.random(count) < _ADULT_CHILD_AT_HOME) & ~partnered)
    mothers = np.flatnonzero(is_female & (age >= 20) & (age < 72) & ~is_child & (rng.random(count) < _MOTHERS))
    if len(mothers):
        mothers = mothers[np.argsort(age[mothers], kind="stable")]
        children = np.flatnonzero(is_child)
        wanted = age[children] + np.clip(30 + 5.5 * rng.standard_normal(len(children)), 18, 43)
        place = np.searchsorted(age[mothers], wanted) + rng.integers(-2, 3, len(children))
        head[children] = mothers[np.clip(place, 0, len(mothers) - 1)]
    taken = np.zeros(count, dtype=bool)
    taken[head[head != np.arange(count)]] = True
    alone = (head == np.arange(count)) & ~taken & (age >= 18) & (age < 40)
    sharing = rng.permutation(np.flatnonzero(alone & (rng.random(count) < _SHARES_A_FLAT)))
    head[sharing] = sharing[np.arange(len(sharing)) // 3 * 3]
    return head
