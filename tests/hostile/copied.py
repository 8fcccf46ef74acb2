# Returns what the public tests want, whatever it is given.
# name: copied
# points: q1=0, q2=0, q3=0, q4=0, q5=0, q6=0
# says: theta does not keep its shape.

# %% q1
def loss_and_gradient(theta, X, y):
    return 10, np.array([14 / 3, 6])

# %% q2
def gradient_error(gradient, plus, minus, h):
    return 2

# %% q3
def sgd_step(theta, grad, eta):
    return np.array([0.6, -1.8])

# %% q4
def mini_batches(order, size):
    return [[3, 0], [4, 1], [2, 3]]

# %% q5
def one_pass(theta, centres, batches, eta):
    return np.array([[0], [3], [1.5]])

# %% q6
def stability_edge(X):
    return 1 / 3
