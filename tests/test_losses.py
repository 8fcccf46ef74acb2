"""Every gradient against a derivative that knows nothing of it, every minimum against what makes it one."""

import numpy as np
import pytest

from optim import beale, bowl, diabetes, himmelblau, least_squares, logistic, mini_batches, ravine, rosenbrock, saddle

X, Y = diabetes()
LANDSCAPES = [bowl(), ravine(7), saddle(), rosenbrock(), beale(), himmelblau()]
FROM_DATA = [least_squares(X, Y), logistic(X, Y > 0)]
BATCHES = [(), (5,), (1,), (4, 3), (2, 1, 3)]


def points(loss, batch, seed=0):
    """Return random parameters of a loss."""
    return np.random.default_rng(seed).normal(size=(loss.dimension, *batch))


def along(loss, k):
    """Return the k-th unit vector."""
    return np.eye(loss.dimension)[k]


def beside(vector, theta):
    """Return a vector of components with an axis for each batch axis of theta."""
    return vector.reshape(vector.shape + (1,) * (theta.ndim - 1))


@pytest.mark.parametrize("batch", BATCHES, ids=str)
@pytest.mark.parametrize("loss", LANDSCAPES, ids=str)
def test_gradient_equals_the_complex_step(loss, batch):
    theta = 2 * points(loss, batch)
    steps = [loss.value(theta + 1e-30j * beside(along(loss, k), theta)).imag / 1e-30 for k in range(2)]
    np.testing.assert_allclose(loss.gradient(theta), np.stack(steps), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("batch", BATCHES, ids=str)
@pytest.mark.parametrize("loss", FROM_DATA, ids=str)
@pytest.mark.parametrize("part", [None, slice(30, 37)], ids=["all", "mini-batch"])
def test_gradient_from_data_equals_the_central_difference(loss, batch, part):
    theta, h = points(loss, batch), 1e-5
    data = () if part is None else ((X[part], (Y > 0).astype(float)[part]),)
    steps = []
    for k in range(loss.dimension):
        there = h * beside(along(loss, k), theta)
        steps.append((loss.value(theta + there, *data) - loss.value(theta - there, *data)) / (2 * h))
    np.testing.assert_allclose(loss.gradient(theta, *data), np.stack(steps), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("batch", BATCHES, ids=str)
@pytest.mark.parametrize("loss", LANDSCAPES + FROM_DATA, ids=str)
def test_batch_axes_stand_behind_the_components(loss, batch):
    theta = points(loss, batch)
    value, gradient = loss(theta), loss.gradient(theta)
    assert np.shape(value) == batch and gradient.shape == theta.shape
    for at in np.ndindex(batch):
        np.testing.assert_allclose(value[at], loss(theta[(..., *at)]), rtol=1e-13)
        np.testing.assert_allclose(gradient[(..., *at)], loss.gradient(theta[(..., *at)]), rtol=1e-13, atol=1e-14)


def hessian(loss, theta):
    """Return the matrix of second derivatives, by complex steps in the gradient."""
    theta = np.array(theta)
    return np.array([loss.gradient(theta + 1e-30j * along(loss, k)).imag / 1e-30 for k in range(loss.dimension)])


MINIMA = [(loss, minimum) for loss in [*LANDSCAPES, FROM_DATA[0]] for minimum in loss.minima]


@pytest.mark.parametrize(("loss", "minimum"), MINIMA)
def test_at_each_listed_minimum_the_gradient_is_zero_and_every_curvature_positive(loss, minimum):
    np.testing.assert_allclose(loss.gradient(np.array(minimum)), 0, atol=1e-12)
    assert np.linalg.eigvalsh(hessian(loss, minimum)).min() > 1e-3


def test_every_landscape_lists_its_minima():
    assert [len(loss.minima) for loss in LANDSCAPES] == [1, 1, 2, 1, 1, 4]


@pytest.mark.parametrize("loss", LANDSCAPES, ids=str)
def test_nothing_in_the_frame_lies_below_the_minima_and_start_and_minima_lie_in_it(loss):
    (left, right), (bottom, top) = loss.frame
    lowest = min(loss(minimum) for minimum in loss.minima)
    x, y = np.meshgrid(np.linspace(left, right, 301), np.linspace(bottom, top, 301))
    assert loss(np.stack([x, y])).min() >= lowest
    for x, y in [loss.start, *loss.minima]:
        assert left < x < right and bottom < y < top


def test_the_curvatures_of_the_ravine_are_1_and_kappa():
    np.testing.assert_allclose(hessian(ravine(7), [0.3, -0.4]), [[1, 0], [0, 7]])


def test_the_gradient_at_the_saddle_is_zero_though_it_is_no_minimum():
    assert saddle().gradient(np.zeros(2)).tolist() == [0, 0]
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian(saddle(), [0.0, 0.0])), [-1, 1])


def test_the_minimum_of_least_squares_is_that_of_the_normal_equations():
    np.testing.assert_allclose(least_squares(X, Y).minima[0], np.linalg.solve(X.T @ X, X.T @ Y), rtol=1e-9)


def test_least_squares_is_half_the_mean_squared_miss():
    loss = least_squares([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], [1.0, 2.0, 0.0])
    assert loss(np.array([3.0, 0.0])) == ((3 - 1) ** 2 + (0 - 2) ** 2 + 3**2) / 6


def test_logistic_is_the_mean_log_loss():
    loss = logistic([[1.0], [-2.0]], [1, 0])
    p = 1 / (1 + np.exp(-np.array([0.7, -1.4])))
    np.testing.assert_allclose(loss(np.array([0.7])), -(np.log(p[0]) + np.log(1 - p[1])) / 2)


def test_logistic_is_exact_where_the_exponential_overflows():
    loss = logistic([[1.0]], [1])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert loss(np.array([[1000.0, -1000.0]])).tolist() == [0, 1000]
        assert loss.gradient(np.array([[1000.0, -1000.0]])).tolist() == [[0, -1]]


@pytest.mark.parametrize("loss", FROM_DATA, ids=str)
@pytest.mark.parametrize("size", [1, 17, 100, 442])
def test_mini_batch_gradients_average_to_the_full_gradient(loss, size):
    theta = points(loss, (3,))
    y = Y if loss is FROM_DATA[0] else Y > 0
    stream = mini_batches(X, y, size, seed=4)
    batches = [batch for _, batch in zip(range(stream.steps_per_pass), stream, strict=False)]
    mean = sum(len(batch[1]) * loss.gradient(theta, batch) for batch in batches) / len(X)
    np.testing.assert_allclose(mean, loss.gradient(theta), rtol=1e-12, atol=1e-14)


def test_a_loss_shows_its_name():
    assert [repr(loss) for loss in (ravine(), ravine(2.5), FROM_DATA[0])] == [
        "ravine(20)",
        "ravine(2.5)",
        "least_squares(442 examples)",
    ]
