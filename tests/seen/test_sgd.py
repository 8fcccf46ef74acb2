"""What chapter 2 says there is to see at its sliders is there."""

import numpy as np
import pytest

from tools.notebooks import CHAPTER_FILES, Moved, explorable, laboratories, runs_of

RAVINE, FACTORS, FLOOR = "crosses the edge", "factor of every curvature", "noise floor"


def rates(shown, name="eta"):
    return shown.sliders[name].values


def small_and_large(eta, start=None):
    """Return the runs of the first laboratory with its larger rate moved."""
    lab = laboratories(CHAPTER_FILES["sgd"])[0]
    assert lab.steps == 100
    return runs_of(lab, start, {"a large rate": {"eta": eta}})


def test_at_a_tenth_the_path_bounces_for_ever():
    runs = small_and_large(0.09)
    small = runs["a small rate"]
    assert (small.loss[-1], small.final[0]) == pytest.approx((0.0352, -0.265), abs=5e-4)
    assert runs["a large rate"].loss[-1] == pytest.approx(1.3e-8, rel=0.05)
    bounces = small_and_large(0.1)["a large rate"]
    assert np.allclose(abs(bounces.theta[:, 1]), 0.5) and bounces.loss[-1] == pytest.approx(2.5)
    longer = small_and_large(0.11)["a large rate"]
    assert np.all(np.diff(abs(longer.theta[:, 1])) > 0)


def test_on_the_axis_no_rate_below_2_is_too_large():
    for eta in (0.11, 0.5, 1.0):
        run = small_and_large(eta, start=[-2.0, 0.0])["a large rate"]
        assert np.all(np.diff(run.loss) <= 0)


def test_sign_sgd_does_not_rest():
    runs = runs_of(laboratories(CHAPTER_FILES["sgd"])[1])
    mine, rival = runs["SignSGD"], runs["SGD"]
    assert np.all(abs(mine.final) <= 0.03) and mine.loss[-1] == pytest.approx(0.0042, abs=5e-5)
    assert np.allclose(mine.theta[-1], mine.theta[-3]) and not np.allclose(mine.theta[-1], mine.theta[-2])
    assert rival.loss[-1] == pytest.approx(1.3e-8, rel=0.05)


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


def test_half_the_rate_leaves_about_a_third_of_the_floor():
    floors = [last_pass("8 examples", "constant", eta) for eta in (0.5, 0.25, 0.12)]
    assert floors == pytest.approx([0.017, 0.0058, 0.0025], rel=0.03)
    assert [floors[1] / floors[0], floors[2] / floors[1]] == pytest.approx([0.34, 0.43], abs=0.005)


def test_below_0_06_nothing_is_gained():
    for eta in ("0.02", "0.025", "0.03", "0.04", "0.05"):
        assert last_pass("8 examples", "constant", eta) == pytest.approx(0.0017, abs=5e-5)


def test_all_patients_end_lowest_at_the_largest_rate():
    ends = [last_pass("all", "constant", eta) for eta in rates(explorable("sgd", FLOOR))]
    assert np.all(np.diff(ends) < 0) and ends[-1] == pytest.approx(0.0015, abs=5e-5)


def test_a_falling_rate_may_begin_high_but_not_low():
    ends = {eta: last_pass("8 examples", "falling like 1/t", eta) for eta in rates(explorable("sgd", FLOOR))}
    assert all(end < 0.0018 for eta, end in ends.items() if eta >= 0.1)
    assert min(ends, key=ends.get) == 1.5 and ends[1.5] < 0.0009
    assert ends[0.02] == pytest.approx(0.015, rel=0.02)
    assert last_pass("64 examples", "falling like 1/t", 0.12) == pytest.approx(0.024, rel=0.02)
