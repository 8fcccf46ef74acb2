"""Chapter 4: what its boxes say there is to see, read off its explorables with the sliders moved there."""

import numpy as np
import pytest

from tools.notebooks import Moved, everywhere, explorable

TWO = explorable("adagrad", "in three valleys")
STARVED = explorable("adagrad", "after one large gradient")
TURNED = explorable("adagrad", "that can be turned")


def numbers(shown, name):
    """Return the words of a slider's positions."""
    return shown.controls[name].words()


def test_adagrads_path_is_the_same_in_all_three_valleys():
    for adagrad in numbers(TWO, "adagrad"):
        paths = [Moved(TWO, valley=valley, adagrad=adagrad).curve("Adagrad") for valley in numbers(TWO, "valley")]
        for path in paths[1:]:
            assert np.allclose(path, paths[0], rtol=1e-9, atol=1e-12)


def test_one_rate_for_both_parameters_is_set_by_the_steep_one():
    for sgd in numbers(TWO, "sgd"):
        seen = Moved(TWO, valley="κ = 100", sgd=sgd)
        start = 0.5 * (4 + 100 * 0.25)
        x, y = seen.curve("SGD")
        if float(sgd) > 0.02:
            assert not seen.numbers("SGD")[0] <= start
        elif float(sgd) == 0.02:
            assert np.allclose(abs(y), 0.5)
        else:
            assert abs(x[-1]) > 0.5 * abs(x[0])


def test_the_second_parameter_is_pushed_past_its_goal_above_a_half():
    for adagrad in numbers(TWO, "adagrad"):
        x, y = Moved(TWO, adagrad=adagrad).curve("Adagrad")
        assert np.isclose(x[1] - x[0], float(adagrad), rtol=1e-2) and np.isclose(y[0] - y[1], float(adagrad), rtol=1e-2)
        assert (y[1] < 0) == (float(adagrad) > 0.5)


@pytest.mark.parametrize("G", ["10", "100"])
def test_a_large_gradient_is_forgiven_after_its_square(G):
    size = float(G)
    t, length = Moved(STARVED, G=G).curve("after a gradient G")
    early, late = t < size**2 / 10, t > 10 * size**2
    assert np.allclose(length[early] * size, 1, rtol=0.06)
    assert np.allclose(np.interp(size**2, t, length), 1 / (np.sqrt(2) * size), rtol=0.02)
    assert np.allclose(length[late] * np.sqrt(t[late]), 1, rtol=0.06)


def test_the_whole_matrix_does_not_notice_a_turn():
    ends = everywhere(TURNED, "The whole matrix", "angle", "eta")
    assert np.allclose(ends, ends[0], rtol=1e-3, atol=1e-16)


def test_a_rate_for_each_parameter_notices_it():
    ends = everywhere(TURNED, "A rate for each", "angle")
    assert np.isclose(ends[0], 3e-9, rtol=0.1) and np.isclose(ends[-1], ends[0])
    assert np.isclose(max(ends), 0.088, rtol=0.02)
    assert TURNED.controls["angle"].words()[np.argmax(ends)] == "45"
