# Takes memory that no limit on memory counts: names in a folder, attributes, files in memory, pages put aside, pipes.
# name: hoarder
# points: q1=0, q2=0, q3=0, q4=0
# says: `loss_and_gradient` raised OSError: [Errno 28] No space left on device
# says: `gradient_error` raised PermissionError
# says: `sgd_step` raised PermissionError
# says: `mini_batches` raised PermissionError

# %% before
import ctypes
import os
system = ctypes.CDLL(None)

# %% q1
def loss_and_gradient(theta, X, y):
    for number in range(10**6):  # names in a folder
        open(f"/tmp/{number}", "w").close()
    return SOLVED

# %% q2
def gradient_error(gradient, plus, minus, h):
    open("/tmp/file", "w").close()
    for number in range(10**5):  # attributes of a file
        os.setxattr("/tmp/file", f"user.{number}", bytes(60_000))
    return SOLVED

# %% q3
def sgd_step(theta, grad, eta):
    os.ftruncate(os.memfd_create("file"), 1 << 20)
    return SOLVED

# %% q4
def mini_batches(order, size):
    import mmap
    with mmap.mmap(-1, 1 << 20) as pages:
        pages.madvise(21)  # MADV_PAGEOUT
    return SOLVED

# %% q5
def one_pass(theta, centres, batches, eta):
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    pages = ctypes.create_string_buffer(1 << 16)
    vector = Vector(ctypes.addressof(pages), len(pages))
    for _ in range(30):
        out, into = os.pipe()
        if system.vmsplice(into, ctypes.byref(vector), 1, 0) > 0: raise RuntimeError("the door is open")
        os.close(out), os.close(into)
    return SOLVED
