# Ends Python by a recursion, by an exit of either kind, and by a crash.
# name: leaver
# points: q2=0, q3=0, q4=0, q6=0
# says: `gradient_error` raised RecursionError
# says: `sgd_step` ended Python, or closed its line
# says: `mini_batches` raised SystemExit
# says: `stability_edge` crashed Python

# %% q2
def gradient_error(gradient, plus, minus, h):
    return gradient_error(gradient, plus, minus, h)

# %% q3
def sgd_step(theta, grad, eta):
    import os
    os._exit(0)

# %% q4
def mini_batches(order, size):
    import sys
    sys.exit(0)

# %% q6
def stability_edge(X):
    import ctypes
    ctypes.string_at(0)
