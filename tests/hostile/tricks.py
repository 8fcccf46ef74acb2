# Defines one function by `exec` and another, a wrong one, by `globals`.
# name: tricks
# points: q6=0
# says: The edge should be

# %% q3
exec('def sgd_step(theta, grad, eta): return theta - eta * grad')

# %% q6
globals()['stability_edge'] = lambda X: 1.0
