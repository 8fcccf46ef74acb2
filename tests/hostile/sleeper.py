# Sleeps for ever.
# name: sleeper
# points: q3=0
# says: did not come back within 15 seconds

# %% q3
def sgd_step(theta, grad, eta):
    import time
    time.sleep(1e6)
