# Ending Python just before the time is over, so that there is none left to start it again.
# name: last moment
# points: q3=0

# %% q3
def sgd_step(theta, grad, eta):
    import os, time
    time.sleep(14.9)
    os._exit(0)
