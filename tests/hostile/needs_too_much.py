# Ends Python in a line that its function needs.
# name: needs too much
# points: q3=0
# says: `sgd_step` ended Python, or closed its line

# %% before
import os
rate = os._exit(0)

# %% q3
def sgd_step(theta, grad, eta):
    return theta - rate * grad
