"""Statistics of agreement: published worked examples, the packages that others use, and what has no number."""

import warnings

import krippendorff
import numpy as np
import pandas as pd
import pytest
from statsmodels.stats import inter_rater

from reading import agreement
from reading.agreement import Scale, Statistic, estimate, weights_of
from reading.ratings import NOT_READ, Ratings, RatingsError
from reading.tallies import Tallies, tally

# Krippendorff, Content Analysis, 2004, 11.3: four coders, twelve units; * is no answer
FOUR_CODERS = ["123321412***", "12332241 25*3".replace(" ", ""), "*3332342251*", "12332441251*"]
# Fleiss 1971, table 1: 30 patients, six psychiatrists; depression, personality disorder, schizophrenia, neurosis, other
DIAGNOSES = [
    "00060", "03003", "01401", "00006", "03030", "20400", "00402", "20310", "20040", "00006",
    "10050", "11040", "03300", "10050", "02031", "00501", "30012", "51000", "02040", "10203",
    "00006", "01050", "02013", "20040", "10041", "05010", "40002", "02040", "10500", "00006",
]  # fmt: skip
# Cohen 1968: two judges, 200 patients; Gwet 2008: two raters, 125 subjects, and the paradox of kappa
TWO_JUDGES = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
PARADOX = [[118, 5], [2, 0]]


def rng():
    return np.random.default_rng(0)


def of_coders(rows, patients=None):
    answers = [[None if code == "*" else code for code in unit] for unit in zip(*rows, strict=True)]
    names = patients or ["one"] * len(answers)
    return Ratings.of(answers, readers=[f"coder {i}" for i in range(len(rows))], patients=names)


def of_counts(rows):
    answers = [[str(place) for place, n in enumerate(row) for _ in range(int(n))] for row in rows]
    return Ratings.of(answers, readers=[str(i) for i in range(6)], patients=["one"] * len(rows))


def of_table(table):
    pairs = [
        [str(first), str(second)]
        for first, row in enumerate(table)
        for second, n in enumerate(row)
        for _ in range(n)
    ]  # fmt: skip
    return Ratings.of(pairs, readers=["A", "B"], patients=["one"] * len(pairs))


def value(ratings, statistic, **how):
    return estimate(ratings, statistic, rng=rng(), **how).value


# Published worked examples ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "published"), [(Scale.NOMINAL, 0.743), (Scale.ORDINAL, 0.815), (Scale.INTERVAL, 0.849)]
)
def test_alpha_of_krippendorffs_four_coders_and_twelve_units(scale, published):
    assert value(of_coders(FOUR_CODERS), Statistic.ALPHA, scale=scale) == pytest.approx(published, abs=5e-4)


def test_kappa_of_fleiss_1971_thirty_patients_and_six_psychiatrists():
    ratings = of_counts(DIAGNOSES)
    shares = tally(ratings).total().shares / 30
    assert shares == pytest.approx([0.144, 0.144, 0.167, 0.306, 0.239], abs=5e-4)  # as in the paper
    assert value(ratings, Statistic.FLEISS) == pytest.approx(0.430, abs=5e-4)


def test_kappa_of_each_diagnosis_as_fleiss_1971_gives_them():
    found = agreement.by_category(of_counts(DIAGNOSES), Statistic.FLEISS, rng=rng())
    published = [0.245, 0.245, 0.520, 0.471, 0.566]
    assert [one.value for one in found.values()] == pytest.approx(published, abs=1e-3)


def test_weighted_kappa_of_cohen_1968():
    ratings = of_table(TWO_JUDGES)
    assert value(ratings, Statistic.COHEN) == pytest.approx(0.492, abs=5e-4)
    disagreement = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])
    assert agreement.cohen(tally(ratings).total(), 1 - disagreement / 6) == pytest.approx(0.348, abs=5e-4)


def test_ac1_of_gwet_2008_where_kappa_fails():
    ratings = of_table(PARADOX)
    assert value(ratings, Statistic.PERCENT) == pytest.approx(0.944)
    assert value(ratings, Statistic.COHEN) == pytest.approx(-0.023, abs=5e-4)
    assert value(ratings, Statistic.GWET) == pytest.approx(0.941, abs=5e-4)


def test_ac1_of_gwet_2014_with_answers_missing():
    assert value(of_coders(FOUR_CODERS), Statistic.GWET) == pytest.approx(0.775, abs=5e-4)


# The packages that others use ---------------------------------------------------------------------------------------

N_TABLES = 1000
SCALES = {Scale.NOMINAL: ("identity", "nominal"), Scale.ORDINAL: ("quadratic", "ordinal"),
          Scale.INTERVAL: ("quadratic", "interval")}  # fmt: skip


def random_codes(draw):
    """A table as it may come: 2 to 5 readers and categories, rare ones, any agreement, some answers missing."""
    n_items, n_readers, n_categories = draw.integers([5, 2, 2], [40, 6, 6])
    chances = draw.dirichlet(np.ones(n_categories))
    truth = draw.choice(n_categories, n_items, p=chances)
    guesses = draw.choice(n_categories, (n_items, n_readers), p=chances)
    codes = np.where(draw.random((n_items, n_readers)) < draw.random(), guesses, truth[:, None])
    codes[draw.random(codes.shape) < draw.choice([0.0, 0.2])] = NOT_READ
    used = np.unique(codes[codes != NOT_READ])
    codes[codes != NOT_READ] = np.searchsorted(used, codes[codes != NOT_READ])
    return codes, len(used)


def random_tables():
    """A thousand of them, each with a scale."""
    draw = rng()
    for i in range(N_TABLES):
        codes, k = random_codes(draw)
        names, readers = tuple("abcde"[:k]), tuple("vwxyz"[: codes.shape[1]])
        ratings = Ratings(codes, names, readers, np.array(["one"] * len(codes)))
        yield codes, tally(ratings).total(), list(SCALES)[i % len(SCALES)]


def test_a_thousand_random_tables_give_what_krippendorff_and_statsmodels_give():
    n_compared = dict.fromkeys(Statistic, 0)
    for codes, sums, scale in random_tables():
        k = sums.shares.shape[-1]
        weights, level = SCALES[scale]
        ours = weights_of(k, scale)
        counts = (codes[:, :, None] == np.arange(k)).sum(axis=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of their own divisions by nothing
            if k > 1 and sums.n_pairable:
                alpha = krippendorff.alpha(value_counts=counts, value_domain=range(k), level_of_measurement=level)
                distances = agreement.alpha_distances(scale, None)
                assert agreement.alpha(sums, distances) == pytest.approx(alpha, abs=1e-11, nan_ok=True)
                n_compared[Statistic.ALPHA] += 1
            if (codes != NOT_READ).all():
                kappa = inter_rater.fleiss_kappa(counts)
                assert agreement.fleiss(sums, np.eye(k)) == pytest.approx(kappa, abs=1e-11, nan_ok=True)
                n_compared[Statistic.FLEISS] += 1
            if codes.shape[1] == 2:
                table = np.zeros((k, k))
                np.add.at(table, tuple(codes[(codes != NOT_READ).all(axis=1)].T), 1.0)
                weighting = None if weights == "identity" else weights
                kappa = inter_rater.cohens_kappa(table, wt=weighting, return_results=False)
                assert agreement.cohen(sums, ours) == pytest.approx(kappa, abs=1e-11, nan_ok=True)
                n_compared[Statistic.COHEN] += 1
    assert n_compared[Statistic.ALPHA] > 0.95 * N_TABLES
    assert min(n_compared[Statistic.FLEISS], n_compared[Statistic.COHEN]) > 0.2 * N_TABLES


def test_a_thousand_random_tables_give_what_irrcac_gives():
    raw = pytest.importorskip("irrCAC.raw", reason="irrCAC is not installed, which pins an old scipy")
    for codes, sums, scale in random_tables():
        k = sums.shares.shape[-1]
        ours = weights_of(k, scale)
        if k > 1 and sums.n_pairable:
            answers = pd.DataFrame(np.where(codes == NOT_READ, np.nan, codes + 1.0))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of their own divisions by nothing
                theirs = raw.CAC(answers, weights=SCALES[scale][0], categories=[*np.arange(1.0, k + 1)], digits=12)
                fleiss = theirs.fleiss()["est"]["coefficient_value"]
                gwet = theirs.gwet()["est"]["coefficient_value"]
            assert agreement.fleiss(sums, ours) == pytest.approx(fleiss, abs=1e-11)
            assert agreement.gwet(sums, ours) == pytest.approx(gwet, abs=1e-11)


# Intervals ----------------------------------------------------------------------------------------------------------


def test_the_interval_is_of_patients_and_not_of_items():
    draw = rng()
    truth = draw.integers(0, 2, 400)
    careless = np.repeat(draw.random(8) < 0.5, 50)  # a patient whose items are hard is hard throughout
    second = np.where(careless & (draw.random(400) < 0.5), 1 - truth, truth)
    codes = np.stack([truth, second], axis=1)
    by_patient = Ratings(codes, ("N", "V"), ("A", "B"), np.repeat([f"patient {i}" for i in range(8)], 50))
    by_item = Ratings(codes, ("N", "V"), ("A", "B"), np.array([f"item {i}" for i in range(400)]))
    wide, narrow = (estimate(one, Statistic.COHEN, rng=rng()) for one in (by_patient, by_item))
    assert wide.value == narrow.value
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert (wide.n_items, wide.n_patients) == (400, 8)


def test_the_interval_is_that_of_patients_drawn_one_by_one():
    draw = rng()
    codes = draw.integers(0, 3, (60, 3))
    patients = np.array([f"patient {i % 6}" for i in range(60)])
    ratings = Ratings(codes, ("a", "b", "c"), ("x", "y", "z"), patients)
    found = estimate(ratings, Statistic.ALPHA, rng=np.random.default_rng(5), n_resamples=50)
    drawn = np.random.default_rng(5).multinomial(6, np.full(6, 1 / 6), size=50)
    values = []
    for counts in drawn:
        rows = np.concatenate([np.flatnonzero(patients == f"patient {i}") for i in range(6) for _ in range(counts[i])])
        again = Ratings(codes[rows], ratings.categories, ratings.readers, patients[rows])
        values.append(estimate(again, Statistic.ALPHA, rng=rng(), n_resamples=1).value)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


def test_one_patient_has_a_number_and_no_interval():
    found = estimate(of_table(PARADOX), Statistic.GWET, rng=rng())
    assert found.value is not None
    assert (found.low, found.high) == (None, None)
    assert "all items are of one patient" in found.why


def test_resamples_without_a_number_are_counted():
    answers = [["N", "N"]] * 30 + [["V", "V"]]
    ratings = Ratings.of(answers, readers=["A", "B"], patients=[f"patient {i}" for i in range(31)])
    found = estimate(ratings, Statistic.COHEN, rng=rng())
    assert found.value == 1.0
    assert found.why.endswith("of 1000 resamples, which are left out")


# What has no number -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", list(Statistic))
def test_one_reader_and_nobody_agree_with_nobody(statistic):
    alone = Ratings.of([["N"], ["V"]], readers=["A"], patients=["one", "two"])
    found = estimate(alone, statistic, rng=rng())
    assert (found.value, found.low, found.why) == (None, None, "undefined: agreement needs two readers, got 1")
    nobody = Ratings.of([], readers=["A", "B"], patients=[])
    assert estimate(nobody, statistic, rng=rng()).why == "undefined: no item was answered by two readers"
    apart = Ratings.of([["N", None], [None, "N"]], readers=["A", "B"], patients=["one", "two"])
    assert estimate(apart, statistic, rng=rng()).why == "undefined: no item was answered by two readers"


@pytest.mark.parametrize("statistic", [Statistic.COHEN, Statistic.FLEISS, Statistic.ALPHA, Statistic.GWET])
def test_one_category_says_nothing_of_agreement(statistic):
    same = Ratings.of([["N", "N"]] * 5, readers=["A", "B"], patients=list("abcde"))
    found = estimate(same, statistic, rng=rng())
    assert found.value is None
    assert found.why == "undefined: every answer is 'N', so chance alone agrees"


def test_perfect_agreement_on_two_categories_is_one():
    ratings = Ratings.of([["N", "N"], ["V", "V"]], readers=["A", "B"], patients=["one", "two"])
    assert [value(ratings, statistic) for statistic in Statistic] == [1.0] * len(Statistic)


def test_a_label_that_nobody_used_or_all_used_has_a_reason():
    ratings = Ratings.of([["N", "N"]] * 3, readers=["A", "B"], patients=list("abc"), categories=["N", "V"])
    found = agreement.by_category(ratings, Statistic.COHEN, rng=rng())
    assert found["V"].why == "undefined: 'V' was never said, so chance alone agrees"
    assert found["N"].why == "undefined: 'N' was always said, so chance alone agrees"


def test_cohen_is_of_two_readers():
    with pytest.raises(ValueError, match="Cohen's kappa is of two readers, got 4"):
        value(of_coders(FOUR_CODERS), Statistic.COHEN)


def test_a_table_that_does_not_fit_is_refused():
    codes = np.array([[0, 1], [0, 2]])
    with pytest.raises(RatingsError, match=r"within \[-1, 2\), got 2"):
        Ratings(codes, ("N", "V"), ("A", "B"), np.array(["one", "two"]))
    with pytest.raises(RatingsError, match="2 items and 1 patients"):
        Ratings(codes, ("N", "V", "S"), ("A", "B"), np.array(["one"]))
    with pytest.raises(RatingsError, match="reader must be named once, got 'A' twice"):
        Ratings(codes, ("N", "V", "S"), ("A", "A"), np.array(["one", "two"]))
    with pytest.raises(RatingsError, match="one column a reader, 3"):
        Ratings(codes, ("N", "V", "S"), ("A", "B", "C"), np.array(["one", "two"]))
    with pytest.raises(RatingsError, match="one of N, V, got 'S'"):
        Ratings.of([["N", "S"]], readers=["A", "B"], patients=["one"], categories=["N", "V"])
    with pytest.raises(RatingsError, match="of each of 2 readers, got 1"):
        Ratings.of([["N"]], readers=["A", "B"], patients=["one"])


def test_a_resample_of_patients_adds_up_their_sums():
    ratings = of_coders(FOUR_CODERS, patients=[f"patient {i % 3}" for i in range(12)])
    by_patient = tally(ratings)
    twice = by_patient.weighted(np.array([[2.0, 0.0, 1.0]]))
    assert isinstance(twice, Tallies)
    for one, many in zip(twice, by_patient, strict=True):
        assert one[0] == pytest.approx(2 * many[0] + many[2])
