# Has a wrong first try above the solution.
# name: twice

# %% before
def sgd_step(theta, grad, eta):
    return theta
