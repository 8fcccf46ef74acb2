# Has what a function needs below it.
# name: reordered

# %% q3
def sgd_step(theta, grad, eta):
    return theta - rate(eta) * grad

# %% after
def rate(eta):
    return sign * eta

# %% after
sign = 1
