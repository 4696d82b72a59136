"""The exact upper limit of a share, against R's binom.test, SciPy's beta distribution and the binomial distribution itself."""

import pytest
from scipy import stats

from frs_pipeline.stats.exact import upper_limit


# R 4.2.2: binom.test(found, of, alternative = "less")$conf.int[2]
@pytest.mark.parametrize(
    ("found", "of", "limit"),
    [
        (0, 1, 0.95),
        (0, 10, 0.258865550893),
        (0, 100, 0.029513049607),
        (1, 100, 0.046559811454),
        (2, 96, 0.064129168766),
        (5, 25, 0.375405135125),
        (24, 25, 0.997950371587),
        (25, 25, 1.0),
    ],
)
def test_it_is_what_r_says(found, of, limit):
    assert upper_limit(found, of) == pytest.approx(limit, abs=1e-11)


@pytest.mark.parametrize("of", [1, 2, 7, 25, 100, 400])
def test_it_is_the_quantile_of_scipys_beta_and_the_share_under_which_so_few_are_as_rare_as_said(of):
    for found in range(0, of, max(1, of // 11)):
        limit = upper_limit(found, of)
        assert limit == pytest.approx(stats.beta.ppf(0.95, found + 1, of - found), abs=1e-11)
        assert stats.binom.cdf(found, of, limit) == pytest.approx(0.05, abs=1e-9)
    assert upper_limit(0, of) == pytest.approx(1 - 0.05 ** (1 / of), abs=1e-12)


def test_of_none_found_it_is_about_three_over_how_many():
    assert [round(of * upper_limit(0, of), 1) for of in (100, 1000, 10_000)] == [3.0, 3.0, 3.0]


def test_it_covers_the_truth_in_no_fewer_of_all_samples_than_said():
    for share in (0.01, 0.05, 0.2):
        covered = sum(stats.binom.pmf(found, 60, share) for found in range(61) if upper_limit(found, 60) >= share)
        assert covered >= 0.95


@pytest.mark.parametrize(("found", "of"), [(-1, 5), (6, 5)])
def test_numbers_that_cannot_be(found, of):
    with pytest.raises(ValueError, match="between"):
        upper_limit(found, of)


def test_of_none_compared_nothing_is_known():
    assert upper_limit(0, 0) == 1.0
