# Returns huge lists, arrays, texts and numbers.
# name: huge
# points: q1=0, q2=0, q3=0, q4=0, q5=0, q6=0
# says: a list of 1900000 parts
# says: an array of 200000 numbers
# says: a text of more than 1000
# says: an array of 1000000 numbers
# says: 64 bits

# %% q1
def loss_and_gradient(theta, X, y):
    return [0] * 1_900_000, 1

# %% q2
def gradient_error(gradient, plus, minus, h):
    return '<' * 10**6

# %% q3
def sgd_step(theta, grad, eta):
    return np.zeros(10**6)

# %% q4
def mini_batches(order, size):
    return [np.ones(200_000, dtype=bool)] * 14

# %% q5
def one_pass(theta, centres, batches, eta):
    return [[[]] * 10**5] * 3

# %% q6
def stability_edge(X):
    return 10**100
