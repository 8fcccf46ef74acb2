# Sleeps until just before its time is over, and ends Python then.
# name: last moment
# points: q3=0

# %% q3
def sgd_step(theta, grad, eta):
    import os, time
    time.sleep(14.9)
    os._exit(0)
