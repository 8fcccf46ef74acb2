# Keeps hidden data in the kernel's keys and in a file, and looks for them at the next question.
# name: keeps
# points: q1=0, q2=0
# says: `gradient_error` raised LookupError: ([], False)

# %% before
import ctypes
system = ctypes.CDLL(None)
def keep(thing):
    data = f"LEAK {thing}".encode()
    for ring in (-3, -4, -5):
        key = system.syscall(ADD_KEY, b"user", b"kept", data, len(data), ring)
        system.syscall(KEYCTL, 5, key, 0x3F3F3F3F)  # anybody may read it,
        system.syscall(KEYCTL, 15, key, 60)  # for a minute
def kept():
    found, text = [], ctypes.create_string_buffer(500)
    for ring in (-3, -4, -5):
        key = system.syscall(KEYCTL, 10, ring, b"user", b"kept", 0)
        if key > 0 and system.syscall(KEYCTL, 11, key, text, 500) > 0:
            found.append(text.value)
    return found

# %% q1
def loss_and_gradient(theta, X, y):
    keep(theta.tolist())
    open('/tmp/written-by-a-student', 'w').write(str(theta))
    return 0.0, 0 * theta

# %% q2
def gradient_error(gradient, plus, minus, h):
    import os
    raise LookupError(kept(), os.path.exists('/tmp/written-by-a-student'))
