# Writes files wherever it can, and returns a wrong answer.
# name: writer
# points: q3=0
# says: theta should become

# %% q3
def sgd_step(theta, grad, eta):
    import os
    for place in [*PLACES, os.getcwd(), "/", "/proc/1/root/tmp", "COURSE", "COURSE/submissions"]:
        try: open(place + "/written-by-a-student", "w").write("x")
        except OSError: pass
    return theta
