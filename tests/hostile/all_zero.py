# Fills its arguments with zeros, so that 0 becomes the right answer.
# name: all zero
# points: q1=0, q2=0, q3=0, q4=0, q5=0, q6=0
# says: theta should become [0.6, -1.8], not [0. 0.]

# %% before
def zeros(*arrays):
    for array in arrays: array[...] = 0

# %% q1
def loss_and_gradient(theta, X, y):
    zeros(theta, X, y)
    return 0.0, np.zeros(len(theta))

# %% q2
def gradient_error(gradient, plus, minus, h):
    zeros(gradient, plus, minus)
    return 0.0

# %% q3
def sgd_step(theta, grad, eta):
    zeros(theta, grad)
    return np.zeros(theta.shape)

# %% q4
def mini_batches(order, size):
    zeros(order)
    return [order[:size]] * -(-len(order) // size)

# %% q5
def one_pass(theta, centres, batches, eta):
    zeros(theta, centres)
    return np.zeros((len(batches) + 1, len(theta)))

# %% q6
def stability_edge(X):
    zeros(X)
    return np.inf
