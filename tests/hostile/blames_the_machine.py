# Kills or stops itself, lowers its own limit or sets an alarm, so that the machine seems at fault and it is tried again.
# name: blames the machine
# points: q1=0, q2=0, q3=0, q4=0
# says: `loss_and_gradient` raised PermissionError
# says: `gradient_error` raised PermissionError
# says: `sgd_step` raised ValueError
# says: `mini_batches` used up the 5 seconds of computing

# %% before
import os
import signal

# %% q1
def loss_and_gradient(theta, X, y):
    os.kill(os.getpid(), signal.SIGKILL)

# %% q2
def gradient_error(gradient, plus, minus, h):
    os.kill(os.getpid(), signal.SIGSTOP)

# %% q3
def sgd_step(theta, grad, eta):
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))

# %% q4
def mini_batches(order, size):
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    while True: pass
