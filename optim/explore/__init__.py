"""Explorables: pictures with sliders that live twice, from one Python function.

In a running kernel its controls are ipywidgets, and Python computes each move anew. On the static page it is a piece of
HTML that needs no server: every setting has been computed beforehand, by one batched call of the same function. The
same JavaScript draws both. Viewers that run neither show the default setting.

A laboratory is the figure in which the reader also drags the starting point: it computes in the browser, in both lives.
"""

from optim.explore.controls import Choice, Slider
from optim.explore.explorable import Explorable, explore
from optim.explore.laboratory import Laboratory, laboratory

__all__ = ["Choice", "Explorable", "Laboratory", "Slider", "explore", "laboratory"]
