# Has magics and shell lines between its cells.
# name: magics

# %% before
%matplotlib inline
!pip install x
files = !ls
np?

# %% before
%%bash
exit 1

# %% before
%%time
import numpy as np
