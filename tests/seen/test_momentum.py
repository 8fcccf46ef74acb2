"""What chapter 3 says there is to see at its sliders is there."""

import numpy as np
import pytest

from optim import SGD, Momentum, minimize, ravine, rosenbrock
from tools.notebooks import CHAPTER_FILES, Moved, explorable, laboratories, runs_of

RAVINE, SPECTRUM = "ravine of condition number 20", "long-run factor"
BATCHES, ROSENBROCK = "mini-batches on the diabetes", "Rosenbrock"


def values(words, name):
    return explorable("momentum", words).sliders[name].values


@pytest.mark.parametrize(
    "lam, loss", [(0, 1.6e-4), (0.2, 9e-6), (0.4, 1.4e-8), (0.5, 1.9e-14), (0.6, 1.9e-11), (0.8, 4.4e-5), (0.9, 0.0105)]
)
def test_momentum_arrives_first_with_about_half_of_its_step_kept(lam, loss):
    [lab] = laboratories(CHAPTER_FILES["momentum"])
    runs = runs_of(lab, settings={"Momentum": {"lam": lam}})
    assert runs["Momentum"].loss[-1] == pytest.approx(loss, rel=0.05) and lab.steps == 50
    assert (runs["Momentum"].loss[-1] > runs["SGD"].loss[-1]) == (lam == 0.9)
    assert np.allclose(runs["Momentum"].theta, runs["SGD"].theta) == (lam == 0)
    assert (runs["Momentum"].theta[:, 0].max() > 0.01) == (lam > 0.5)


def test_with_too_much_inertia_momentum_has_not_settled():
    [lab] = laboratories(CHAPTER_FILES["momentum"])
    swung, wide = (runs_of(lab, settings={"Momentum": {"lam": lam}})["Momentum"] for lam in (0.99, 0.9))
    assert swung.loss[-1] == pytest.approx(2.0, abs=0.05)
    assert wide.theta[:, 0].max() == pytest.approx(1.17, abs=5e-3)


def on_the_ravine(eta, lam):
    return Moved(explorable("momentum", RAVINE), eta=eta, lam=lam)


@pytest.mark.parametrize("lam, first", [(0.5, 0.1), (0.75, 0.02), (0.9, 0.005)])
def test_the_path_swings_along_the_valley_from_this_rate_on(lam, first):
    etas = values(RAVINE, "eta")
    crosses = [np.any(on_the_ravine(eta, lam).curve("Momentum")[0] > 1e-9) for eta in etas]
    assert etas[np.argmax(crosses)] == first and np.all(crosses[np.argmax(crosses) :])
    assert first == next(eta for eta in etas if eta >= (1 - np.sqrt(lam)) ** 2)


def test_the_lowest_loss_after_60_steps_and_what_missing_it_costs():
    end = {
        (eta, lam): on_the_ravine(eta, lam).numbers("after 60")[0]
        for eta in values(RAVINE, "eta")
        for lam in values(RAVINE, "lam")
    }
    assert min(end, key=lambda pair: np.nan_to_num(end[pair], nan=np.inf)) == (0.12, 0.45)
    assert end[0.12, 0.45] == pytest.approx(2e-20, rel=0.05)
    assert end[0.12, 0.65] == pytest.approx(1.5e-11, rel=0.05)
    assert end[0.12, 0.25] == pytest.approx(1.1e-7, rel=0.05)
    assert 2 * (1 + 0.2) / 20 == 0.12 and end[0.12, 0.2] == pytest.approx(5.6, abs=0.05) and end[0.12, 0.15] > 1e6
    sgd = on_the_ravine(0.12, 0.45).numbers("SGD's")[0]
    assert sgd == pytest.approx(3e-5, rel=0.1)
    assert np.mean([not loss < sgd for loss in end.values()]) == pytest.approx(0.75, abs=0.02)
    assert all(not end[eta, 0.9] < sgd for eta in values(RAVINE, "eta"))
    start = explorable("momentum", RAVINE).defaults
    assert end[start["eta"], start["lam"]] < sgd


def test_the_best_rate_of_sgd_for_60_steps():
    rates = np.linspace(0.08, 0.1, 201)
    ends = minimize(ravine(20), ravine(20).start, SGD(rates), 60).loss[-1]
    assert rates[ends.argmin()] == pytest.approx(0.094, abs=2e-4) and ends.min() == pytest.approx(1.5e-5, rel=0.02)


def test_the_pair_that_is_best_in_the_long_run_is_close_after_60_steps():
    root = np.sqrt(20)
    eta, lam = 4 / (1 + root) ** 2, ((root - 1) / (root + 1)) ** 2
    assert (eta, lam) == pytest.approx((0.1336, 0.4026), abs=5e-5)
    end = minimize(ravine(20), ravine(20).start, Momentum(eta, lam), 60).loss[-1]
    assert end == pytest.approx(5e-20, rel=0.05) and end > on_the_ravine(0.12, 0.45).numbers("after 60")[0]


def test_a_little_inertia_calms_the_jumps_across_the_valley():
    lams = values(RAVINE, "lam")
    across = [abs(np.diff(on_the_ravine(0.08, lam).curve("Momentum")[1])).sum() for lam in lams]
    shortest = np.argmin(across)
    assert lams[shortest] == 0.15
    assert across[0] > 1.5 * across[shortest] and across[-1] > 10 * across[0]


def test_the_whole_spectrum_lies_on_the_floor_at_one_pair():
    shown = explorable("momentum", SPECTRUM)
    worst = {
        (eta, lam): Moved(shown, eta=eta, lam=lam).numbers("slowest")[0]
        for eta in values(SPECTRUM, "eta")
        for lam in values(SPECTRUM, "lam")
    }
    assert min(worst, key=worst.get) == (0.033, 0.675)
    assert worst[0.033, 0.675] == pytest.approx(0.822, abs=5e-4) == np.sqrt(0.675)
    for lam in values(SPECTRUM, "lam"):
        on_the_floor = worst[0.033, lam] == pytest.approx(np.sqrt(lam), abs=1e-6)
        assert on_the_floor == (lam >= 0.675)


def test_without_inertia_both_curves_are_the_same():
    for eta in values(SPECTRUM, "eta"):
        seen = Moved(explorable("momentum", SPECTRUM), eta=eta, lam=0)
        assert np.allclose(seen.curve("SGD")[1], seen.curve("Momentum")[1])


def tails(size, eta, lam=0.9):
    seen = Moved(explorable("momentum", BATCHES), size=size, eta=eta, lam=lam)
    return seen.numbers("SGD, same rate")[0], seen.numbers("Momentum, mean")[0], seen.numbers("Edge")[0]


def test_with_eight_examples_momentum_diverges_where_sgd_holds():
    for eta, loss in ((0.5, 6.3), (0.7, 2.2e5), (1, 1.8e16)):
        assert tails("8 examples", eta)[1] == pytest.approx(loss, rel=0.02)
    sgd, _, edge = tails("8 examples", 1)
    assert sgd == pytest.approx(0.08, rel=0.03) and edge == pytest.approx(0.524, abs=1e-3)
    assert tails("8 examples", 0.01)[:2] == pytest.approx((0.0072, 0.0060), rel=0.01)
    for eta in values(BATCHES, "eta"):
        sgd, momentum, _ = tails("8 examples", eta)
        assert sgd > 1e10 or (momentum < sgd) == (eta < 0.015)
    assert tails("8 examples", 0.1)[0] == pytest.approx(0.0062, rel=0.01)


def test_with_64_examples_neither_is_lower():
    ends = {eta: tails("64 examples", eta) for eta in values(BATCHES, "eta")}
    sgd, momentum = (min(ends, key=lambda eta: np.nan_to_num(ends[eta][k], nan=np.inf)) for k in (0, 1))
    assert (sgd, momentum) == (0.07, 0.02)
    assert ends[sgd][0] == pytest.approx(0.0019, abs=5e-5) and ends[momentum][1] == pytest.approx(0.0019, abs=5e-5)
    below = [eta for eta, (_, end, _) in ends.items() if end < 0.26]  # where it started
    assert max(below) == 2 and len(below) == sum(eta <= 2 for eta in ends)
    assert ends[2][2] == pytest.approx(2.41, abs=5e-3)


def test_with_the_full_gradient_momentum_goes_far_below():
    sgd, momentum, edge = tails("all", 1)
    assert edge == pytest.approx(3.8, abs=1e-3) and sgd == pytest.approx(0.0002, rel=0.1) and momentum < 1e-15
    for eta in values(BATCHES, "eta"):
        sgd, momentum, _ = tails("all", eta)
        assert momentum < 0.01 and (sgd < 0.01) == (eta < 2)


def on_rosenbrock(eta, lam):
    seen = Moved(explorable("momentum", ROSENBROCK), eta=eta, lam=lam)
    return [seen.numbers(name)[0] for name in ("SGD:", "same η:", "same η/(1−λ):")]


def test_at_the_same_effective_rate_momentum_keeps_pace_with_sgd():
    for eta in values(ROSENBROCK, "eta"):
        for lam in values(ROSENBROCK, "lam"):
            sgd, _, same = on_rosenbrock(eta, lam)
            assert eta > 0.0015 or lam > 0.8 or abs(same - sgd) < 0.05


def test_each_at_its_best_momentum_is_lower():
    ends = {
        (eta, lam): on_rosenbrock(eta, lam) for eta in values(ROSENBROCK, "eta") for lam in values(ROSENBROCK, "lam")
    }
    sgd, momentum = (min(ends, key=lambda pair: np.nan_to_num(ends[pair][k], nan=np.inf)) for k in (0, 1))
    assert sgd[0] == 0.006 and ends[sgd][0] == pytest.approx(0.228, abs=5e-4)
    assert momentum == (0.0007, 0.95) and ends[momentum][1] == pytest.approx(0.0159, abs=5e-5)
    for eta in values(ROSENBROCK, "eta"):
        assert np.isfinite(ends[eta, 0.95][1]) == (eta < 0.003)
    finer = np.linspace(0.001, 0.02, 3801)
    run = minimize(rosenbrock(), rosenbrock().start, SGD(finer), 100)
    assert np.nanmin(run.loss[-1]) == pytest.approx(0.19, abs=5e-3)
    grown = ~(run.loss[-1] < 100)
    assert not grown[finer < 0.00615].any() and grown[finer > 0.00616].mean() > 0.9
