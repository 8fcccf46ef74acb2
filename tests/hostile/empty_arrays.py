# Returns empty arrays, none of whose numbers is wrong.
# name: empty arrays
# points: q1=0, q2=0, q3=0, q4=0, q5=0, q6=0
# says: The loss should be one number, not []

# %% q1
def loss_and_gradient(theta, X, y):
    return [], np.zeros((0, 1))

# %% q2
def gradient_error(gradient, plus, minus, h):
    return np.zeros(0)

# %% q3
def sgd_step(theta, grad, eta):
    return np.zeros((0, 1, 1))

# %% q4
def mini_batches(order, size):
    return []

# %% q5
def one_pass(theta, centres, batches, eta):
    return np.zeros((0, 1, 1))

# %% q6
def stability_edge(X):
    return np.zeros((0, 1))
