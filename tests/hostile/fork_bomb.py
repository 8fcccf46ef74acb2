# Starts processes without end, a program, and a thread.
# name: fork bomb
# points: q3=0, q4=0, q6=0
# says: `sgd_step` raised BlockingIOError
# says: `mini_batches` raised BlockingIOError
# says: `stability_edge` raised RuntimeError: can't start new thread

# %% q3
def sgd_step(theta, grad, eta):
    import os
    while True: os.fork()

# %% q4
def mini_batches(order, size):
    import os
    os.posix_spawn('/usr/bin/touch', ['touch', '/tmp/written-by-a-student'], {})

# %% q6
def stability_edge(X):
    import threading, time
    threading.Thread(target=time.sleep, args=[1e6]).start()
    return SOLVED
