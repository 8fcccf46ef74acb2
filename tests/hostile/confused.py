# Takes other arguments, lacks a cell, breaks off in one, and has the empty stub again below the solution.
# name: confused
# points: q2=0, q3=0, q4=0, q6=0
# says: `gradient_error` raised TypeError
# says: there is no function `sgd_step` in this notebook
# says: which defines `mini_batches`, is not Python
# says: It is not written yet: it raises NotImplementedError.

# %% q2
def gradient_error(gradient):
    return 2

# %% q3


# %% q4
def mini_batches(order, size):
    return [order

# %% after
def stability_edge(X):
    raise NotImplementedError
