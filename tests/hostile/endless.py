# Computes for ever.
# name: endless
# points: q3=0
# says: used up the 5 seconds of computing

# %% q3
def sgd_step(theta, grad, eta):
    while True: pass
