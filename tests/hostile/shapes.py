# Returns right numbers in shapes that NumPy would stretch.
# name: shapes
# points: q1=0, q2=0, q3=0, q5=0, q6=0
# says: The gradient should have shape (2,), not (1, 2)

# %% q1
def loss_and_gradient(theta, X, y):
    loss, gradient = SOLVED
    return loss, gradient[None]

# %% q2
def gradient_error(gradient, plus, minus, h):
    return np.abs(gradient - (plus - minus) / (2 * h))

# %% q3
def sgd_step(theta, grad, eta):
    return SOLVED[None]

# %% q5
def one_pass(theta, centres, batches, eta):
    return SOLVED[None]

# %% q6
def stability_edge(X):
    return np.array([[SOLVED]])
