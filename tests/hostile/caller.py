# Calls somebody on the network.
# name: caller
# points: q3=0
# says: LookupError: no way out

# %% q3
def sgd_step(theta, grad, eta):
    import socket
    try: socket.create_connection(("1.1.1.1", 53), timeout=2)
    except OSError: raise LookupError("no way out") from None
