"""The latent process: exact transitions, onsets by who people are, hazards of the state alone, and the oracle."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.rules.evaluation import auroc
from pipeline.synthetic.latent.block import INDEX_STEP, Block, draw_block
from pipeline.synthetic.latent.conditions import load_conditions
from pipeline.synthetic.latent.oracle import HORIZON, expected_admission
from pipeline.synthetic.latent.process import (
    DEPENDENCE_CEILING,
    MONTHS,
    Drift,
    State,
    admission_hazard,
    base_log_hazard,
    death_hazard,
    dependence,
    drift,
    fade,
    month_starts,
    season,
    shock_hazard,
)
from pipeline.synthetic.population.frame import load_frame
from pipeline.synthetic.population.people import NEVER

AS_OF = date(2026, 11, 15)


@pytest.fixture(scope="module")
def block() -> Block:
    return draw_block(load_frame(20_000), 0, seed=1, as_of=AS_OF)


def _state(count: int = 1, **values: float) -> State:
    names = ("frailty", "function_loss", "distress", "instability", "burden", "death_burden", "ill", "mean_distress")
    return State(**{name: np.full(count, values.get(name, 0.0), dtype=np.float32) for name in names})


def test_the_grid_ends_on_the_index_date_and_goes_on_for_the_live_weeks() -> None:
    starts = month_starts(AS_OF).astype("datetime64[D]")
    assert len(starts) == 52
    assert str(starts[0]) == "2022-11-16"
    assert str(starts[MONTHS]) == "2026-11-16"
    assert str(starts[-1]) == "2027-02-16"
    assert str(month_starts(date(2026, 3, 30))[15].astype("datetime64[D]")) == "2023-06-30"  # 31st in a month of 30


def test_transitions_are_exact_whatever_the_step() -> None:
    """Two half steps have the mean and the variance of one whole step."""
    law, value = Drift(months=20, spread=0.7), np.array([2.0])
    none, one = np.array([0.0]), np.array([1.0])
    whole = drift(value, 0.5, law, 6, none)
    assert drift(drift(value, 0.5, law, 3, none), 0.5, law, 3, none) == pytest.approx(whole, rel=1e-6)
    assert whole == pytest.approx(0.5 + 1.5 * np.exp(-0.3), rel=1e-6)
    first = (drift(value, 0.5, law, 3, one) - drift(value, 0.5, law, 3, none)) * np.exp(-3 / 20)
    second = drift(value, 0.5, law, 3, one) - drift(value, 0.5, law, 3, none)
    spread = drift(value, 0.5, law, 6, one) - whole
    assert first**2 + second**2 == pytest.approx(spread**2, rel=1e-5)
    assert drift(value, 0.5, law, 1e4, one) == pytest.approx(1.2, rel=1e-6)  # in the long run


def test_winters_are_worse_and_the_first_is_the_worst() -> None:
    starts = month_starts(AS_OF)
    by_step = season(starts)
    month = starts[:-1].astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    assert by_step[(month == 11) | (month == 0)].min() > by_step[(month >= 5) & (month <= 7)].max()
    assert set(np.argsort(-by_step)[:2]) == {1, 2}  # from mid-December to mid-February of the first winter
    assert by_step[1] - by_step[13] == pytest.approx(0.25, abs=0.01)
    outcome_year = by_step[INDEX_STEP : INDEX_STEP + HORIZON]
    assert outcome_year.max() < 0.11


@pytest.mark.parametrize("name", ["frailty", "instability", "distress", "burden"])
def test_each_part_of_the_state_raises_the_hazards(name: str) -> None:
    base, needs = base_log_hazard(np.array([50.0]), np.array([True]), np.array([0.0])), np.zeros(1, dtype=np.float32)
    low, high = _state(), _state(**{name: 1.0})
    assert admission_hazard(base, high, needs) > admission_hazard(base, low, needs)
    assert shock_hazard(0.0, high, needs) >= shock_hazard(0.0, low, needs)


def test_dependence_comes_with_age_loss_of_function_and_illness_and_not_to_children() -> None:
    zero = np.zeros(1, dtype=np.float32)

    def needs(age: float, loss: float = 0.0, ill: float = 0.0) -> float:
        return float(
            dependence(np.array([age], dtype=np.float32), zero, zero + np.float32(loss), zero + np.float32(ill))[0]
        )

    assert needs(10, 3) == 0
    assert needs(50) < needs(70) < needs(90)
    assert needs(70) < needs(70, 1) < needs(70, 1, 1.3)
    assert needs(100, 5, 5) == DEPENDENCE_CEILING


def test_hazards_are_a_function_of_the_state_on_the_day_alone(block: Block) -> None:
    """Recomputed from what is kept, by hand; nothing else can have gone in."""
    lives, traits, step = block.lives, block.traits, 20
    start = int(lives.starts[step])
    has = (lives.onset <= start).astype(np.float32)
    age = ((start - traits.birth) / 365.25).astype(np.float32)
    ill = has @ traits.conditions.on_dependence
    needs = dependence(age, lives.frailty[step], lives.function_loss[step], ill)
    assert np.allclose(needs, lives.dependence[step], atol=1e-4)
    state = replace(
        _state(len(age)),
        frailty=lives.frailty[step],
        distress=lives.distress[step],
        instability=lives.instability[step],
        burden=has @ traits.conditions.on_hazard,
    )
    base = base_log_hazard(age, traits.is_female, traits.deprivation) + season(lives.starts)[step]
    born = age > 0.1
    assert np.allclose(admission_hazard(base, state, needs)[born], lives.hazard[step][born], rtol=1e-3)


def test_conditions_begin_on_exact_days_after_birth_and_stay(block: Block) -> None:
    lives = block.lives
    ever = lives.onset < NEVER
    assert (lives.onset >= block.people.birth[:, None])[ever].all()
    within = lives.onset[ever & (lives.onset > lives.starts[0])]
    assert len(np.unique(within)) > 1_000
    assert (lives.has("diabetes", block.today) >= lives.has("diabetes", block.today - 700)).all()


def test_conditions_follow_age_ethnicity_and_deprivation(block: Block) -> None:
    people, lives, day = block.people, block.lives, block.today
    age = (day - people.birth) / 365.25
    adult = (age >= 40) & people.registered_on(day)
    diabetes = lives.has("diabetes", day)
    asian, white = np.isin(people.ethnic_codes, list("HJK")), np.isin(people.ethnic_codes, list("ABC"))
    assert diabetes[adult & asian].mean() > 1.4 * diabetes[adult & white].mean()
    copd = lives.has("copd", day)
    assert copd[adult & (people.decile <= 3)].mean() > copd[adult & (people.decile >= 7)].mean()
    dementia = lives.has("dementia", day)
    assert dementia[age >= 80].mean() > 5 * dementia[(age >= 60) & (age < 70)].mean()


def test_instability_on_any_day_is_what_its_shocks_left(block: Block) -> None:
    lives = block.lives
    busy = np.bincount(lives.shocks.person, minlength=block.people.count).argsort()[-3:]
    first = int(lives.starts[0])
    for person in busy:
        own = lives.shocks.person == person
        days, sizes = lives.shocks.day[own], lives.shocks.size[own]
        for day in (first, first + 17, int(lives.starts[30]) + 9, int(lives.starts[-1]) - 1):
            left = lives.instability[0, person] * fade(day - first)
            left += sum(s * fade(day - d) for d, s in zip(days, sizes, strict=True) if d <= day)
            got = lives.at("instability", np.array([person]), np.array([day]))[0]
            assert got == pytest.approx(left, rel=1e-3, abs=1e-4)


def test_quantities_between_grid_days_lie_between_them(block: Block) -> None:
    lives, who = block.lives, np.arange(50)
    middle = (lives.starts[10] + lives.starts[11]) // 2
    got = lives.at("frailty", who, np.full(50, middle))
    assert np.allclose(got, (lives.frailty[10, :50] + lives.frailty[11, :50]) / 2, atol=0.05)
    assert np.array_equal(lives.at("frailty", who, np.full(50, lives.starts[10])), lives.frailty[10, :50])


def test_nobody_is_admitted_unborn_dead_or_gone(block: Block) -> None:
    people, admissions = block.people, block.lives.admissions
    assert len(admissions.day) > 4_000
    assert (admissions.day >= people.birth[admissions.person]).all()
    assert (admissions.day <= people.last_day[admissions.person]).all()
    assert (np.diff(admissions.day) >= 0).all()


def test_nobody_dies_after_the_first_night_unless_it_is_scripted(block: Block) -> None:
    death = block.people.death[block.people.death < NEVER]
    assert death.max() <= block.today
    yearly = block.died_within(block.today - 365, block.today).sum() / block.people.registered_on(block.today).sum()
    assert 0.003 <= yearly <= 0.010


def test_every_condition_has_effects_within_reason() -> None:
    conditions = load_conditions()
    assert len(conditions.names) == 20
    assert ((conditions.on_hazard >= 0) & (conditions.on_hazard <= 1.2)).all()
    assert ((conditions.recorded_share > 0.7) & (conditions.recorded_share < 1)).all()
    assert (np.diff(conditions.cumulative, axis=1) >= 0).all()


def test_the_oracle_is_calibrated_at_every_level_of_risk(block: Block) -> None:
    first, end = int(block.lives.starts[INDEX_STEP]), int(block.lives.starts[INDEX_STEP + HORIZON])
    who = np.flatnonzero(block.people.registered_on(first - 1))
    chance = expected_admission(block, who, replays=40)
    came = block.admitted_within(first, end)[who]
    assert 0.78 <= auroc(chance, came) <= 0.87
    for part in np.array_split(np.argsort(chance), 5):
        expected, error = chance[part].mean(), np.sqrt((chance[part] * (1 - chance[part])).sum()) / len(part)
        # Two in a hundred leave within the year, and their admissions with them.
        assert abs(came[part].mean() - expected) < 4 * error + 0.02 * expected


def test_the_oracle_is_the_same_again_and_settles_with_more_replays(block: Block) -> None:
    who = np.flatnonzero(block.people.registered_on(int(block.lives.starts[INDEX_STEP]) - 1))[:128]
    few = expected_admission(block, who, replays=100)
    assert np.array_equal(few, expected_admission(block, who, replays=100))
    assert np.array_equal(few[:64], expected_admission(block, who[:64], replays=100))
    many = expected_admission(block, who, replays=1_000)
    assert np.abs(few - many).mean() < 0.006
    assert not np.array_equal(few, many)


def test_the_oracle_knows_the_state_and_not_what_came(block: Block) -> None:
    """Changing what happened after the index date changes nothing."""
    who = np.flatnonzero(block.people.registered_on(int(block.lives.starts[INDEX_STEP]) - 1))[:64]
    lives = block.lives
    later = lives.frailty.copy()
    later[INDEX_STEP + 1 :] = 9
    onset = np.where(lives.onset > lives.starts[INDEX_STEP], NEVER, lives.onset)
    changed = replace(block, lives=replace(lives, frailty=later, onset=onset))
    assert np.array_equal(expected_admission(changed, who, replays=20), expected_admission(block, who, replays=20))


def test_a_question_the_oracle_cannot_answer_is_refused(block: Block) -> None:
    with pytest.raises(UserError, match="pairs"):
        expected_admission(block, np.arange(3), replays=7)
    with pytest.raises(UserError, match="within a year"):
        expected_admission(block, np.arange(3), step=45, replays=2)


def test_death_comes_sooner_to_the_frail_and_the_dying() -> None:
    needs, base = np.zeros(1, dtype=np.float32), np.full(1, -8, dtype=np.float32)
    assert death_hazard(base, _state(frailty=1), needs) > death_hazard(base, _state(), needs)
    assert death_hazard(base, _state(death_burden=2.6), needs) > 10 * death_hazard(base, _state(), needs)
