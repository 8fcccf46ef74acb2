# Arrays of a subclass.
# name: subclass

# %% q3
def sgd_step(theta, grad, eta):
    return SOLVED.view(np.recarray)
