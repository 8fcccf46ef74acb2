# Asks the kernel for shared memory, a namespace, a key, another process's memory and a socket, and goes on without.
# name: doors

# %% before
opened = [-1]

# %% q2
def gradient_error(gradient, plus, minus, h):
    import ctypes
    system = ctypes.CDLL(None)
    opened.append(system.shmget(0, 1 << 30, 0o1600))  # what is refused returns -1; once is enough
    if max(opened) >= 0: raise RuntimeError("the door is open")
    return SOLVED

# %% q3
def sgd_step(theta, grad, eta):
    import ctypes
    system = ctypes.CDLL(None)
    opened.append(system.unshare(0x10000000))  # what is refused returns -1; once is enough
    if max(opened) >= 0: raise RuntimeError("the door is open")
    return SOLVED

# %% q4
def mini_batches(order, size):
    import ctypes
    system = ctypes.CDLL(None)
    opened.append(system.syscall(ADD_KEY, b'user', b'kept', b'LEAK', 4, -3))  # what is refused returns -1; once is enough
    if max(opened) >= 0: raise RuntimeError("the door is open")
    return SOLVED

# %% q5
def one_pass(theta, centres, batches, eta):
    import ctypes
    system = ctypes.CDLL(None)
    opened.append(system.ptrace(16, 1, 0, 0))  # what is refused returns -1; once is enough
    if max(opened) >= 0: raise RuntimeError("the door is open")
    return SOLVED

# %% q6
def stability_edge(X):
    import ctypes
    system = ctypes.CDLL(None)
    opened.append(system.socket(1, 1, 0))  # what is refused returns -1; once is enough
    if max(opened) >= 0: raise RuntimeError("the door is open")
    return SOLVED
