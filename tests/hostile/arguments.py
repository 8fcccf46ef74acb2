# Takes fewer arguments than were asked for.
# name: arguments
# points: q3=0
# says: `sgd_step` raised TypeError

# %% q3
def sgd_step(theta):
    return theta
