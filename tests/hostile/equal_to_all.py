# Returns objects, numbers and arrays that claim to equal everything.
# name: equal to all
# points: q3=0, q5=0, q6=0
# says: `sgd_step` returned an Anything
# says: The path should be 0, 3, 1.5
# says: , not 7.0

# %% before
class Anything:
    __eq__ = __lt__ = __le__ = lambda self, other: True

# %% before
class Number(float):
    __eq__ = __sub__ = __rsub__ = __abs__ = lambda *a: 0.0

# %% before
class Array(np.ndarray):
    __eq__ = __array_ufunc__ = lambda *a, **k: np.True_

# %% q3
def sgd_step(theta, grad, eta):
    return Anything()

# %% q5
def one_pass(theta, centres, batches, eta):
    return np.zeros((len(batches) + 1, len(theta))).view(Array)

# %% q6
def stability_edge(X):
    return Number(7)
