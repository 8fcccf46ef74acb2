# Raises errors whose messages are half a character.
# name: half characters
# points: q3=0, q6=0
# says: `sgd_step` raised ValueError

# %% q3
def sgd_step(theta, grad, eta):
    raise ValueError('\ud800')

# %% q6
def stability_edge(X):
    raise LookupError('\udcff')
