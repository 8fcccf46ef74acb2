"""Measure everything but the site, and print it as tables.

    python -m benchmarks.run

Ratios are measured in one run, in turns. PyTorch is optional: pip install -e ".[benchmark]"
"""

from __future__ import annotations

import numpy as np

from benchmarks.explorables import live, static
from benchmarks.grid import grid
from benchmarks.laboratories import laboratories_of_the_book
from benchmarks.measure import torch_or_none
from benchmarks.steps import against_torch, memory


def main():
    """Print one table after the other."""
    torch = torch_or_none()
    against_torch(torch)
    against_torch(torch, np.float32)
    memory()
    grid(torch)
    static()
    live()
    laboratories_of_the_book()


if __name__ == "__main__":
    main()
