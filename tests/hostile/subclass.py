# Returns an array of a subclass of NumPy's.
# name: subclass

# %% q3
def sgd_step(theta, grad, eta):
    return SOLVED.view(np.recarray)
