"""What `minimize` keeps of a run: the path, the losses, and where a run that diverges was lost."""

import math

import numpy as np
import pytest

from optim import SGD, Adam, Loss, Momentum, bowl, diabetes, full_batch, least_squares, minimize, ravine

pytestmark = pytest.mark.filterwarnings("error")

START = np.array([-2.0, 0.5])


def lost_at(eta, steps):
    """Return after how many steps SGD on ravine(20) is no longer finite, in plain Python."""
    x, y = START.tolist()
    for t in range(1, steps + 1):
        x, y = x - eta * x, y - eta * 20 * y
        if not math.isfinite(0.5 * (x * x + 20 * y * y)):
            return t
    return steps + 1


def test_a_run_that_diverges_is_marked_from_the_right_step_on_and_the_others_go_on():
    etas = np.array([0.01, 1e3, 0.05, 1e30, 0.11, 1e200])
    run = minimize(ravine(20), START, SGD(etas), 120)
    lost = [lost_at(eta, 120) for eta in etas.tolist()]
    assert lost == [121, 36, 121, 5, 121, 1]
    assert run.diverged.tolist() == [step <= 120 for step in lost]
    for k, step in enumerate(lost):
        assert np.isfinite(run.theta[:step, :, k]).all() and np.isfinite(run.loss[:step, k]).all()
        assert np.isnan(run.theta[step:, :, k]).all() and np.isnan(run.loss[step:, k]).all()


def test_a_run_that_diverges_changes_no_bit_of_the_others():
    beside = minimize(ravine(20), np.array([[-2.0, 1e150, -2.0], [0.5, 1e150, 0.5]]), Adam([0.1, 1e300, 0.3]), 50)
    assert beside.diverged.tolist() == [False, True, False]
    run = minimize(ravine(20), START, Adam(np.array([0.1, 0.3])), 50)
    np.testing.assert_array_equal(beside.theta[:, :, [0, 2]], run.theta)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("what", ["value", "gradient"])
def test_a_value_or_gradient_that_is_not_finite_marks_the_run(what, bad):
    def value(theta):
        return np.where(theta[0] < 1, bad, theta[0]) if what == "value" else theta[0]

    def gradient(theta):
        return np.where(theta < 1, bad, 1.0) if what == "gradient" else np.ones_like(theta)

    run = minimize(Loss("slope", value, gradient, 1), [[3.0, 90.0]], SGD(0.75), 6)
    lost = 3 if what == "value" else 4  # 3, 2.25, 1.5, 0.75: the gradient there is felt one step later
    assert run.diverged.tolist() == [True, False]
    assert np.isfinite(run.loss[:lost, 0]).all() and np.isnan(run.loss[lost:, 0]).all()


def test_a_run_that_diverged_stays_marked_though_project_brings_it_back():
    def gradient(theta):
        return np.where(theta > 2, np.inf, 0.1)

    run = minimize(Loss("wall", lambda theta: theta[0], gradient, 1), [[3.0, 1.0]], SGD(1.0), 5, project=np.nan_to_num)
    assert run.diverged.tolist() == [True, False] and np.isnan(run.loss[1:, 0]).all()


@pytest.mark.parametrize("loss", [ravine(20), least_squares(np.eye(2) * [1, 20], [0, 0])])
def test_float32_diverges_where_float32_ends_whatever_the_precision_of_the_data(loss):
    run, double = (minimize(loss, START.astype(dtype), SGD(300.0), 40) for dtype in (np.float32, np.float64))
    assert run.diverged and np.isnan(run.loss[-1]) and not np.isinf(run.loss).any()
    assert np.isfinite(run.loss).sum() < np.isfinite(double.loss).sum()


def test_final_and_best_of_a_run_that_diverges():
    run = minimize(ravine(20), START, SGD(np.array([0.05, 0.101, 1e3])), 300)
    assert np.isnan(run.final[:, 2]).all()
    np.testing.assert_array_equal(run.final[:, :2], run.theta[-1, :, :2])
    np.testing.assert_array_equal(run.best[:, 0], run.theta[-1, :, 0])
    assert (run.loss[:, 1] > ravine(20)(run.best[:, 1])).sum() == 300  # all but the best step itself
    np.testing.assert_array_equal(run.best[:, 2], START)


def test_loss_is_the_loss_at_theta():
    run = minimize(ravine(20), START, Momentum([0.01, 0.02]), 30)
    np.testing.assert_array_equal(run.loss, ravine(20)(np.moveaxis(run.theta, 1, 0)))


def test_no_step_is_a_path_of_one_point():
    run = minimize(ravine(20), START, SGD(0.1), 0)
    assert run.theta.tolist() == [START.tolist()] and run.loss.tolist() == [4.5] and not run.diverged


def test_project_keeps_every_point_in_the_feasible_set():
    run = minimize(bowl(), [2.0, -3.0], SGD(0.5), 10, project=lambda theta: np.clip(theta, 1, 5))
    assert run.theta[1].tolist() == [1, 1] and run.final.tolist() == [1, 1]
    np.testing.assert_array_equal(run.loss, bowl()(run.theta.T))


def test_a_schedule_is_asked_for_steps_1_2_3():
    run = minimize(bowl(), [1.0, 1.0], SGD(lambda t: 1 / (1 + t)), 4)
    np.testing.assert_allclose(run.theta[:, 0], [1, 1 / 2, 1 / 2 * 2 / 3, 1 / 4, 1 / 5])


def test_a_schedule_may_return_a_grid():
    run = minimize(bowl(), [1.0, 1.0], SGD(lambda t: np.array([0.5, 1 / t])), 3)
    np.testing.assert_allclose(run.theta[:, 0], [[1, 1], [0.5, 0], [0.25, 0], [0.125, 0]])


def test_each_step_takes_the_next_batch():
    X, y = np.eye(3), np.array([1.0, 2.0, 3.0])
    batches = [(X[k : k + 1], y[k : k + 1]) for k in range(3)]
    run = minimize(least_squares(X, y), np.zeros(3), SGD(1.0), 3, batches=batches)
    assert run.theta.tolist() == [[0, 0, 0], [1, 0, 0], [1, 2, 0], [1, 2, 3]]


def test_batches_that_end_too_soon_are_an_error_that_says_when():
    X, y = diabetes()
    with pytest.raises(ValueError, match=r"^minimize: batches ended after 2 of the steps asked for$"):
        minimize(least_squares(X, y), np.zeros(10), SGD(0.1), 3, batches=[(X, y)] * 2)


def test_the_loss_that_is_kept_is_that_of_all_the_data():
    X, y = diabetes()
    loss = least_squares(X, y)
    run = minimize(loss, loss.start, SGD(0.1), 5, batches=[(X[:2], y[:2])] * 5)
    np.testing.assert_allclose(run.loss, loss(run.theta.T))


def test_full_batch_is_the_run_without_batches():
    X, y = diabetes()
    loss = least_squares(X, y)
    streamed = minimize(loss, loss.start, SGD(0.1), 20, batches=full_batch(X, y))
    np.testing.assert_allclose(streamed.theta, minimize(loss, loss.start, SGD(0.1), 20).theta, rtol=1e-12)


def test_batches_may_be_the_coefficients_of_a_loss_that_changes_with_time():
    def gradient(theta, slope):
        return slope * np.ones_like(theta)

    run = minimize(Loss("tilting", lambda theta: theta[0], gradient, 1), [0.0], SGD(1.0), 4, batches=[1, -2, 3, -4])
    assert run.theta[:, 0].tolist() == [0, -1, 1, -2, 2]


@pytest.mark.parametrize(
    ("eta", "text"),
    [
        (0.05, "Path of SGD(eta=0.05) on ravine(20): 300 steps, loss 4.5 -> 8.614e-14"),
        (1e3, "Path of SGD(eta=1000) on ravine(20): 300 steps, loss 4.5 -> diverged"),
        ([0.05, 1e3], "Path of SGD(eta=2 values) on ravine(20): 300 steps, 2 settings, 1 diverged"),
        (lambda t: 0.05, "Path of SGD(eta=schedule) on ravine(20): 300 steps, loss 4.5 -> 8.614e-14"),
    ],
)
def test_a_run_says_in_one_line_what_came_of_it(eta, text):
    assert repr(minimize(ravine(20), START, SGD(eta), 300)) == text
