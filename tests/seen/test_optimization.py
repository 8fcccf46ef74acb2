"""What chapter 1 says there is to see at its sliders is there."""

import numpy as np
import pytest

from optim import diabetes
from tools.notebooks import Moved, explorable

LINE, WAYS = "line through real data", "three ways of reading"


def test_the_lowest_loss_on_the_sliders():
    shown = explorable("optimization", LINE)
    losses = {
        (first, second): Moved(shown, theta_1=first, theta_2=second).numbers("Loss")[0]
        for first in shown.sliders["theta_1"].words()
        for second in shown.sliders["theta_2"].words()
    }
    assert min(losses, key=losses.get) == ("0", "0.6")
    assert losses["0", "0.6"] == pytest.approx(0.3281, abs=5e-5)
    assert 1 < sum(loss < 0.34 for loss in losses.values()) < 20


def test_the_slopes_at_the_start():
    shown = explorable("optimization", LINE)
    loss = shown.panels[1].loss
    assert (shown.defaults["theta_1"], shown.defaults["theta_2"]) == pytest.approx((0.8, -0.4))
    assert loss.gradient(np.array([0.8, -0.4])) == pytest.approx([0.8, -0.99], abs=5e-3)


def test_the_contours_are_circles():
    shown = explorable("optimization", LINE)
    around = [Moved(shown, theta_1=a, theta_2=b) for a, b in ((0.5, 0.6), (-0.5, 0.6), (0, 1.1), (0, 0.1))]
    rises = [seen.numbers("Loss")[0] - 0.328 for seen in around]
    assert rises == pytest.approx([0.125] * 4, abs=0.01)


def ends(eta):
    seen = Moved(explorable("optimization", WAYS), eta=eta)
    return {way: seen.numbers(way + ":")[0] for way in ("off-line", "mini-batches of 32", "on-line")}


def etas():
    return explorable("optimization", WAYS).sliders["eta"].values


def test_at_a_small_rate_only_the_on_line_run_has_moved_far():
    assert ends(0.01)["on-line"] == pytest.approx(0.245, abs=5e-4)
    assert ends(0.01)["off-line"] > 0.47


def test_the_on_line_run_diverges_first():
    for eta in etas():
        assert (ends(eta)["on-line"] < 0.45) == (eta < 0.07)
        assert (ends(eta)["on-line"] < 1e6) == (eta < 0.2)


def test_mini_batches_do_well_between_two_rates():
    loss = {eta: ends(eta)["mini-batches of 32"] for eta in etas()}
    assert all((end < 0.27) == (0.03 <= eta <= 0.3) for eta, end in loss.items())
    assert loss[0.5] == pytest.approx(0.29, abs=5e-3) and loss[0.6] > 100


def test_the_off_line_run_grows_too_slowly_to_be_seen():
    X, _ = diabetes()
    assert 2 / np.linalg.eigvalsh(X.T @ X / len(X))[-1] == pytest.approx(0.497, abs=5e-4)
    assert ends(0.6)["off-line"] == pytest.approx(0.86, abs=5e-3)


def test_each_way_at_its_best():
    lowest = {way: min(np.nan_to_num(ends(eta)[way], nan=np.inf) for eta in etas()) for way in ends(0.01)}
    assert ends(0.3)["off-line"] == lowest["off-line"] == pytest.approx(0.267, abs=5e-4)
    assert lowest["mini-batches of 32"] == pytest.approx(0.244, abs=5e-4)
    assert lowest["on-line"] == pytest.approx(0.244, abs=5e-4)
