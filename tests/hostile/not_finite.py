# Returns infinity and what is not a number.
# name: not finite
# points: q1=0, q2=0, q3=0, q5=0, q6=0
# says: The loss should be 10, not nan

# %% q1
def loss_and_gradient(theta, X, y):
    return np.nan, theta * np.nan

# %% q2
def gradient_error(gradient, plus, minus, h):
    return np.inf

# %% q3
def sgd_step(theta, grad, eta):
    return theta * np.nan

# %% q5
def one_pass(theta, centres, batches, eta):
    return SOLVED * np.nan

# %% q6
def stability_edge(X):
    return -np.inf
