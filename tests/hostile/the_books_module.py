# Uses the book's own module.
# name: the book's
# points: q3=0
# says: No module named 'optim'

# %% before
from optim import SGD

# %% q3
def sgd_step(theta, grad, eta):
    return theta + SGD(eta).step(grad)
