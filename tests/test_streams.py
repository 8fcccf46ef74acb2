"""The streams of mini-batches: what one pass covers, what a seed fixes, how much is drawn."""

from itertools import islice

import numpy as np
import pytest

from optim import diabetes, full_batch, mini_batches, online

N = 23
X, Y = np.arange(2.0 * N).reshape(N, 2), np.arange(float(N))


def drawn(stream, steps):
    """Return which examples the first steps use; each example's answer is its number."""
    batches = list(islice(stream, steps))
    for x, y in batches:
        np.testing.assert_array_equal(x, X[y.astype(int)])
    return [y.astype(int).tolist() for _, y in batches]


def test_full_batch_gives_all_the_examples_in_their_order_at_every_step():
    assert drawn(full_batch(X, Y), 3) == [list(range(N))] * 3


@pytest.mark.parametrize("size", [1, 4, 22, 23])
def test_each_pass_covers_every_example_once_and_the_next_in_another_order(size):
    stream = mini_batches(X, Y, size, seed=0)
    steps = stream.steps_per_pass
    batches = drawn(stream, 3 * steps)
    passes = [np.concatenate(batches[k : k + steps]).tolist() for k in range(0, 3 * steps, steps)]
    assert all(sorted(one) == list(range(N)) for one in passes)
    assert passes[0] != passes[1] != passes[2]
    assert [len(batch) for batch in batches[:steps]] == [size] * (N // size) + [N % size] * (N % size > 0)


def test_online_is_one_example_a_step():
    assert drawn(online(X, Y, seed=7), 50) == drawn(mini_batches(X, Y, 1, seed=7), 50)
    assert all(len(batch) == 1 for batch in drawn(online(X, Y, seed=7), 50))


@pytest.mark.parametrize("replace", [False, True])
def test_the_seed_fixes_the_stream_and_each_reading_begins_anew(replace):
    stream = mini_batches(X, Y, 4, seed=1, replace=replace)
    assert drawn(stream, 20) == drawn(stream, 20) == drawn(mini_batches(X, Y, 4, seed=1, replace=replace), 20)
    assert drawn(stream, 20) != drawn(mini_batches(X, Y, 4, seed=2, replace=replace), 20)


def test_with_replacement_every_batch_is_full_and_examples_come_again():
    batches = drawn(mini_batches(X, Y, 4, seed=0, replace=True), 6000)
    assert {len(batch) for batch in batches} == {4}
    assert any(len(set(batch)) < 4 for batch in batches)
    counts = np.bincount(np.concatenate(batches), minlength=N)
    assert abs(counts / counts.mean() - 1).max() < 0.15  # five standard deviations


def test_whole_numbers_in_data_become_floats():
    x, y = next(iter(full_batch([[1, 2], [3, 4]], [0, 1])))
    assert x.dtype == y.dtype == np.float64


def test_diabetes_is_standardized():
    X, y = diabetes()
    assert X.shape == (442, 10) and y.shape == (442,)
    for a in (X, y):
        np.testing.assert_allclose(a.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(a.var(axis=0), 1)
