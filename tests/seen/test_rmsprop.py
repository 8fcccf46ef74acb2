"""Chapter 5: what its boxes say there is to see, read off its explorables with the sliders moved there."""

import numpy as np
import pytest

from optim import Adagrad, Loss, RMSProp, minimize, rosenbrock
from tools.notebooks import Moved, everywhere, explorable

ROSENBROCK = explorable("rmsprop", "in Rosenbrock's curved valley")
CHANGE = explorable("rmsprop", "changes once")
STRIP = explorable("rmsprop", "before a flat strip")


def test_at_the_same_rate_a_memory_of_a_few_steps_ends_lowest():
    memories = ROSENBROCK.controls["memory"].words()
    ends = dict(zip(memories, everywhere(ROSENBROCK, "RMSProp: ", "memory", eta=0.02), strict=True))
    assert min(ends, key=ends.get) == "10"
    assert [f"{ends[memory]:.3g}" for memory in ("10", "1", "1000")] == ["0.265", "4.54", "4.09"]
    assert round(Moved(ROSENBROCK, eta="0.02").numbers("Adagrad: ")[0], 1) == 4.2


def test_at_its_own_rate_adagrad_ends_below_every_setting():
    [own] = Moved(ROSENBROCK).numbers("Adagrad at the best of 60 rates")
    ends = everywhere(ROSENBROCK, "RMSProp: ", "eta", "memory")
    lowest = np.nanmin(ends)
    assert round(own, 5) == 0.00068
    assert ends.size == 90 and round(lowest, 3) == 0.265
    assert [round(end, 3) for end in beside(own)] == [0.049, 0.03]
    assert max(beside(own)) < lowest


def beside(own):
    """Return where Adagrad ends at the rates of the grid next to its own."""
    etas = np.geomspace(0.01, 10, 60)
    end = minimize(rosenbrock(), rosenbrock().start, Adagrad(etas), 300).loss[-1]
    best = end.argmin()
    assert end[best] == own
    return end[[best - 1, best + 1]]


def test_with_as_many_rates_rmsprop_is_lucky_too():
    etas, memories = np.geomspace(0.01, 10, 60), ROSENBROCK.controls["memory"].values
    assert len(memories) == 10
    rules = RMSProp(etas[:, None], 1 - 1 / memories)
    end = minimize(rosenbrock(), rosenbrock().start, rules, 300).loss[-1]
    best, memory = np.unravel_index(np.nanargmin(end), end.shape)
    assert [f"{low:.3g}" for low in end[best - 1 : best + 2, memory]] == ["6.32e+03", "0.0042", "108"]


@pytest.mark.parametrize("steps, behind", [(1500, 0.008), (12_000, 5.3)])
def test_adagrad_falls_behind_a_moving_minimum_later_at_a_larger_rate(steps, behind):
    moving = Loss("moving bowl", lambda x: 0.5 * x[0] ** 2, lambda x, minimum: x - minimum, 1)
    there = 0.004 * np.arange(1, steps + 1)
    end = minimize(moving, [0.0], Adagrad(0.1), steps, batches=there).final[0]
    assert there[-1] - end == pytest.approx(behind, rel=0.04)


@pytest.mark.parametrize(
    "size, memory, first, later",
    [
        ("100", "100", 9.95, 1.25),
        ("0.01", "100", 0.0101, 0.0166),
        ("0.01", "10", 0.01, 0.898),
        ("100", "1000", 30.2, None),
    ],
)
def test_a_change_of_the_gradients_size(size, memory, first, later):
    at_once, afterwards = Moved(CHANGE, size=size, memory=memory).numbers("First after")
    assert np.isclose(at_once, first, rtol=6e-3 if first != 0.01 else 0.1)
    assert later is None or np.isclose(afterwards, later, rtol=5e-3)


def test_half_of_the_step_is_back_after_808_steps():
    t, steps = Moved(CHANGE, size="0.01", memory="100").curve("step / η", panel=1)
    assert np.interp(100 + 808, t, steps) == pytest.approx(0.5, rel=0.02)  # between two points of the curve


def test_from_zero_the_run_begins_with_the_bound():
    assert Moved(CHANGE, start="v = 0", memory="100").numbers("First step")[0] == pytest.approx(10)


def test_on_the_flat_strip_momentum_coasts_and_rmsprop_stops():
    for width in STRIP.controls["width"].words():
        wide = float(width)
        minimum = wide + 1
        for lam, rest in (("0.9", 1.69), ("0.8", 0.49), ("0.95", np.inf)):
            seen = Moved(STRIP, width=width, lam=lam)
            [end] = seen.numbers("Momentum ends")
            if rest < wide:
                assert end == pytest.approx(rest, abs=0.006)
            else:
                assert end > wide and abs(end - minimum) < 0.2
            assert seen.numbers("RMSProp ends")[0] == pytest.approx(0.05, abs=1e-3)


def test_on_a_gentle_slope_rmsprop_waits_and_walks_on():
    seen = Moved(STRIP, slope="0.001", width="4")
    t, x = seen.curve("RMSProp", panel=1)
    arrived = t[np.argmax(x > 0)]
    pace = np.diff(x) / np.diff(t) / 0.08
    assert np.interp(arrived + 120, t[1:], pace) == pytest.approx(0.5, abs=0.1)
    assert pace.max() > 0.9
    assert x[-1] > 4
    assert seen.numbers("Momentum ends")[0] == pytest.approx(1.74, abs=0.006)


@pytest.mark.parametrize(("alpha", "times"), [(0.999, 1), (0.99, 4)])
def test_the_floor_holds_where_the_memory_is_long_beside_the_gaps_of_the_noise(alpha, times):
    """Below result 5.9: noise that is 100 once in 101 steps and -1 otherwise, in 100 runs beside each other."""
    rng, eta, s = np.random.default_rng(0), 0.01, 10
    bowl = Loss("bowl", lambda x: 0.5 * np.mean(x * x), lambda x, noise: x + noise, 100)
    noise = (np.where(rng.random(100) < 1 / 101, 100.0, -1.0) for _ in range(20_000))
    run = minimize(bowl, np.zeros(100), RMSProp(eta, alpha=alpha), 20_000, batches=noise)
    assert np.mean(run.loss[10_000:]) == pytest.approx(times * eta * s / 4, rel=0.1)
