import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from mppbayes.prediction.quantiles import RULES, draw_batches, exceedance_quantiles

COUNTS = hnp.arrays(
    np.int64,
    hnp.array_shapes(min_dims=3, max_dims=3, max_side=12),
    elements=st.integers(0, 30) | st.integers(0, 10**6),
)
LEVELS = st.floats(0.001, 0.999) | st.integers(1, 99).map(lambda percent: percent / 100)
RULE = st.sampled_from(RULES)
BRIEF = settings(max_examples=60, deadline=None)


def quantiles(draws, levels, rule=">"):
    return exceedance_quantiles(
        draws, levels, rule=rule, batches=draw_batches(np.arange(draws.shape[2]))
    )


def probability(draws, value, rule):
    return np.mean(draws > value if rule == ">" else draws >= value)


@BRIEF
@given(COUNTS, LEVELS, RULE)
def test_a_quantile_is_the_smallest_integer_exceeded_with_at_most_its_probability(
    draws, level, rule
):
    found = quantiles(draws, [level], rule)
    for cell, value, achieved in zip(draws, found.value[:, 0], found.achieved[:, 0], strict=True):
        assert achieved == probability(cell, value, rule) <= level
        assert probability(cell, value - 1, rule) > level


@pytest.mark.parametrize("level", [0.9, 0.5, 0.33, 0.2, 0.05, 0.01])
@pytest.mark.parametrize(
    "law",
    [
        *(stats.poisson(mean) for mean in (0.4, 3.0, 40.0, 2_000.0)),
        *(
            stats.nbinom(shape, shape / (shape + mean))
            for mean in (3.0, 500.0)
            for shape in (1.5, 20.0)
        ),
    ],
    ids=lambda law: f"{law.dist.name}{law.args}",
)
def test_quantiles_are_those_of_the_law(law, level):
    """Of draws that lie evenly over the law, so that their exceedances are exact to 1 in 40,000."""
    n = 40_000
    draws = law.ppf((np.arange(n) + 0.5) / n).astype(np.int64).reshape(1, 4, n // 4)
    at_most = int(law.isf(level + 1 / n)), int(law.isf(level - 1 / n))
    for rule in RULES:
        exact = sorted(value + (rule == ">=") for value in at_most)
        assert exact[0] <= quantiles(draws, [level], rule).value[0, 0] <= exact[1]
    assert at_most[1] - at_most[0] <= 1 + 0.005 * law.std()


@BRIEF
@given(COUNTS, st.lists(LEVELS, min_size=2, max_size=4, unique=True), RULE)
def test_a_lower_probability_gives_no_lower_value(draws, levels, rule):
    found = quantiles(draws, sorted(levels, reverse=True), rule)
    assert (np.diff(found.value) >= 0).all()
    assert (np.diff(found.achieved) <= 0).all()


@BRIEF
@given(COUNTS, LEVELS, RULE, st.randoms(use_true_random=False))
def test_the_order_of_draws_does_not_matter(draws, level, rule, random):
    order = random.sample(range(draws.shape[2]), draws.shape[2])
    batches = draw_batches(np.arange(draws.shape[2]))
    found = exceedance_quantiles(draws, [level], rule=rule, batches=batches)
    moved = exceedance_quantiles(draws[..., order], [level], rule=rule, batches=batches[order])
    for before, after in zip(found, moved, strict=True):
        np.testing.assert_allclose(after, before)


@BRIEF
@given(COUNTS, LEVELS, RULE)
def test_an_error_is_a_distance_within_the_draws(draws, level, rule):
    error = quantiles(draws, [level], rule).mcse[:, 0]
    assert (error >= 0).all()
    assert (error <= np.ptp(draws, axis=(1, 2)) / 2).all()


def test_a_known_value_has_no_error():
    draws = np.full((1, 2, 50), 7)
    assert quantiles(draws, [0.9, 0.1]).mcse.tolist() == [[0, 0]]
    assert quantiles(draws, [0.9, 0.1]).value.tolist() == [[7, 7]]
    assert quantiles(draws, [0.9, 0.1], ">=").value.tolist() == [[8, 8]]


def test_the_error_is_the_spread_of_the_value_over_repetitions():
    repetitions = np.random.default_rng(3).poisson(20_000, (400, 4, 500))
    found = quantiles(repetitions, [0.5, 0.1])
    expected = np.sqrt([0.25 / 2000, 0.09 / 2000]) / stats.norm.pdf(stats.norm.isf([0.5, 0.1]))
    np.testing.assert_allclose(found.mcse.mean(axis=0), expected * np.sqrt(20_000), rtol=0.1)
    np.testing.assert_allclose(found.value.std(axis=0), expected * np.sqrt(20_000), rtol=0.12)


def test_the_error_of_a_small_count_is_no_integer():
    error = quantiles(np.random.default_rng(6).poisson(2, (50, 4, 500)), [0.5]).mcse
    assert ((error > 0.01) & (error < 0.1)).all()


def test_an_error_beyond_the_draws_is_not_zero():
    found = quantiles(np.arange(100).reshape(1, 2, 50), [0.001])
    assert found.value == 99
    assert found.achieved == 0
    assert found.mcse > 0


def test_futures_of_one_posterior_draw_are_no_further_evidence():
    draws = np.random.default_rng(4).poisson(1000, (200, 4, 400))
    once = quantiles(draws, [0.33]).mcse
    posterior_draw = np.repeat(np.arange(400), 5)
    repeated = exceedance_quantiles(
        draws[..., posterior_draw], [0.33], batches=draw_batches(posterior_draw)
    ).mcse
    assert 0.9 < np.median(repeated / once) < 1.05


def test_autocorrelated_draws_have_a_larger_error():
    rng, length, rho = np.random.default_rng(5), 2000, 0.9
    noise = rng.normal(size=(100, 2, length)) * np.sqrt(1 - rho**2)
    path = np.zeros_like(noise)
    for t in range(1, length):
        path[..., t] = rho * path[..., t - 1] + noise[..., t]
    draws = np.rint(1000 + 100 * path).astype(np.int64)
    found = quantiles(draws, [0.5])
    assert 0.8 < found.mcse.mean() / found.value.std() < 1.2


def test_batches_are_contiguous_in_the_chain_and_keep_futures_together():
    posterior_draw = np.tile(np.arange(100), 3)
    batches = draw_batches(posterior_draw)
    assert np.bincount(batches).tolist() == [15] * 20
    assert (np.diff(batches[:100]) >= 0).all()
    assert (batches[:100] == batches[100:200]).all()
    assert draw_batches(np.array([4, 4, 9, 9])).tolist() == [0, 0, 1, 1]
