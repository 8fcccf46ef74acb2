"""What chapter 2 says there is to see at its sliders is there."""

import numpy as np
import pytest
from notebooks import Moved, explorable

RAVINE, FACTORS, FLOOR = "crosses the edge", "factor of every curvature", "noise floor"


def rates(shown, name="eta"):
    return shown.sliders[name].values


def test_the_steep_side_is_taken_without_a_bounce_below_0_05_and_with_shrinking_jumps_up_to_0_1():
    shown = explorable("sgd", RAVINE)
    for eta in rates(shown):
        _, across = Moved(shown, eta=eta).curve("SGD")
        sizes = abs(across[across != 0])
        if eta < 0.05:
            assert np.all(across >= 0)
        elif eta == 0.05:
            assert np.all(abs(across[1:]) < 1e-15)
        elif eta < 0.1:
            assert np.all(across[:-1] * across[1:] < 0) and np.all(np.diff(sizes) < 0)
        elif eta == 0.1:
            assert np.allclose(sizes, 0.5)
        else:
            assert np.all(np.diff(sizes) > 0)
    assert 0.05 in rates(shown) and 0.1 in rates(shown)


def test_the_loss_after_60_steps_is_lowest_at_0_094():
    shown = explorable("sgd", RAVINE)
    ends = [Moved(shown, eta=eta).numbers("after 60 steps")[0] for eta in rates(shown)]
    assert rates(shown)[np.argmin(ends)] == 0.094


def slowest(kappa):
    shown = explorable("sgd", FACTORS)
    return {p: Moved(shown, kappa=kappa, product=p).numbers("Slowest")[0] for p in rates(shown, "product")}


def test_no_rate_is_low_at_both_ends_of_the_spectrum():
    ends = slowest(2)
    assert ends[1.3] == pytest.approx(0.35) and ends[1.35] == pytest.approx(0.35)
    assert min(ends.values()) == pytest.approx(0.35)
    assert Moved(explorable("sgd", FACTORS), kappa=2).numbers("possible") == pytest.approx([1 / 3])
    assert min(slowest(50).values()) >= Moved(explorable("sgd", FACTORS), kappa=50).numbers("possible")[0] > 0.96


def last_pass(size, schedule, eta):
    return Moved(explorable("sgd", FLOOR), size=size, schedule=schedule, eta=eta).numbers("last pass")[0]


def test_half_the_rate_leaves_a_little_more_than_a_third_of_the_floor():
    floors = [last_pass("8 examples", "constant", eta) for eta in (0.482, 0.244, 0.123)]
    assert floors == pytest.approx([0.016, 0.0056, 0.0025], rel=0.03)
    assert 1 / 3 < floors[1] / floors[0] < floors[2] / floors[1] < 0.46


def test_below_0_06_nothing_is_gained():
    for eta in ("0.02", "0.0251", "0.0315", "0.0395", "0.0496"):
        assert last_pass("8 examples", "constant", eta) == pytest.approx(0.0017, abs=5e-5)


def test_all_patients_end_lowest_at_the_largest_rate():
    ends = [last_pass("all", "constant", eta) for eta in rates(explorable("sgd", FLOOR))]
    assert np.all(np.diff(ends) < 0) and ends[-1] == pytest.approx(0.0015, abs=5e-5)


def test_a_falling_rate_may_begin_high_but_not_low():
    ends = {eta: last_pass("8 examples", "falling like 1/t", eta) for eta in rates(explorable("sgd", FLOOR))}
    assert all(end < 0.0018 for eta, end in ends.items() if eta >= 0.1)
    assert min(ends, key=ends.get) == 1.5 and ends[1.5] < 0.0009
    assert ends[0.02] == pytest.approx(0.015, rel=0.02)
    assert last_pass("64 examples", "falling like 1/t", 0.123) == pytest.approx(0.023, rel=0.02)
