# Returns the right numbers as texts, complex numbers or objects.
# name: dtypes
# points: q1=0, q3=0, q5=0, q6=0
# says: complex numbers: take np.real(...)
# says: an array of object
# says: an array of str

# %% q1
def loss_and_gradient(theta, X, y):
    return [str(one) for one in SOLVED]

# %% q3
def sgd_step(theta, grad, eta):
    return SOLVED + 1j

# %% q5
def one_pass(theta, centres, batches, eta):
    return SOLVED.astype(object)

# %% q6
def stability_edge(X):
    return np.array(str(SOLVED))
