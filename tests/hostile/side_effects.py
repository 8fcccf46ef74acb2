# Has cells that end Python or never end, and that no question needs.
# name: side effects

# %% before
import os, sys
os._exit(1)

# %% before
sys.exit()

# %% before
while True:
    pass

# %% before
raise SystemExit

# %% before
1 / 0
