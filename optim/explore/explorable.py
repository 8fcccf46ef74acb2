"""One function, shown in two lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from optim.explore import live, page
from optim.explore.controls import Choice, Slider
from optim.explore.sources import address
from optim.explore.table import Table
from optim.marks import Mark, check_marks
from optim.plots import Panel, describe, picture

Panels = Panel | Iterable[Panel]


def explore(
    function: Callable[..., Iterable[Mark]],
    panels: Panels | Callable[..., Panels],
    caption: str,
    *,
    title: str = "",
    presets: dict[str, dict[str, Any]] | None = None,
    **controls: Slider | Choice,
) -> Explorable:
    """Return an explorable: a picture that follows sliders and choices.

    Parameters
    ----------
    function : callable
        Takes the values of the controls by name and returns a list of marks. For the picture at first a slider's value
        is a number. For the table of all settings it is an array that broadcasts with the others to one axis a slider,
        so that one call computes them all: `minimize` takes such arrays as they are. A choice's value is always one.
    panels : Panel, list of Panel, or callable
        What the marks stand on; a callable gets the values of the choices by name and returns the panels.
    caption : str
        What there is to see, in a sentence.
    title : str, optional
        Its name in the gallery of all figures and, in small letters, in its address; without one, the caption is.
    presets : dict of str to dict, optional
        Buttons that jump to a setting: the words on each, such as "too small", and the values of the controls that it
        moves. A choice is named by its words. The others go back to where they start.
    **controls : Slider or Choice
        With two sliders, and an `Outcome` among the marks, there is a map of it, with a handle to drag.

    Returns
    -------
    Explorable
        Shows itself when it is the last value of a cell.

    Raises
    ------
    TypeError, ValueError
        If there is no slider or choice, a mark fits neither its panel nor the sliders, or a preset moves what is not
        there.

    Examples
    --------
    >>> from optim import SGD, minimize, ravine
    >>> from optim.plots import Readout, landscape, path
    >>> loss = ravine(20)
    >>> def descent(eta):
    ...     run = minimize(loss, loss.start, SGD(eta), steps=50)
    ...     return [path(run), Readout("The loss ends at {:.3g}.", run.loss[-1])]
    >>> explore(descent, landscape(loss), "SGD on the ravine.", eta=Slider("learning rate η", 0.01, 0.11, default=0.05))
    SGD on the ravine. [learning rate η 0.05] curve from (-2, 0.5) to (-0.1539, 0). The loss ends at 0.0118.
    """
    return Explorable(function, panels, caption, controls, title, presets or {})


@dataclass
class Explorable:
    """A picture that follows sliders and choices, in two lives; `explore` makes one and tells what its parts are."""

    function: Callable[..., Iterable[Mark]]
    panels: Panels | Callable[..., Panels]
    caption: str
    controls: dict[str, Slider | Choice]
    title: str = ""
    presets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put the choices first, and try the default setting."""
        for name, control in self.controls.items():
            if not isinstance(control, Slider | Choice):
                raise TypeError(f"explore: {name} must be a Slider or a Choice; got {control!r}")
        if not self.controls:
            raise ValueError("explore: there must be a Slider or a Choice; got none")
        self.choices = {name: c for name, c in self.controls.items() if isinstance(c, Choice)}
        self.sliders = {name: c for name, c in self.controls.items() if isinstance(c, Slider)}
        self.controls = {**self.choices, **self.sliders}
        self.defaults = {name: c.default for name, c in self.controls.items()}
        self.presets_at = [self._places(values) for values in self.presets.values()]
        self.marks(**self.defaults)

    @property
    def name(self) -> str:
        """What its address ends in: its title or its caption in small letters."""
        return address(self.title or self.caption)

    def _places(self, values: dict[str, Any]) -> list[int]:
        """Return where each control stands in a preset."""
        for name in values:
            if name not in self.controls:
                raise ValueError(f"explore: a preset moves {name}, but there are {', '.join(self.controls)}")
        return [
            control.nearest(values[name]) if name in values else control.position
            for name, control in self.controls.items()
        ]

    def everywhere(self) -> dict[str, np.ndarray]:
        """Return all places of each slider, as arrays that broadcast with each other."""
        axes = np.ix_(*(slider.values for slider in self.sliders.values()))
        return dict(zip(self.sliders, axes, strict=True))

    def marks(self, **values: Any) -> list[Mark]:
        """Return the marks of one setting, or of all where sliders are arrays."""
        return check_marks("explore", self.function(**values), len(self.panels_of(**values)))

    def panels_of(self, **values: Any) -> list[Panel]:
        """Return the panels of a setting."""
        panels = self.panels
        if callable(panels):
            panels = panels(**{name: values[name] for name in self.choices})
        return [panels] if isinstance(panels, Panel) else list(panels)

    def __repr__(self) -> str:
        """Say what is shown, and the key numbers of the default setting."""
        state = ", ".join(f"{c.label} {c.words()[c.position]}" for c in self.controls.values())
        return describe(f"{self.caption} [{state}]", self.marks(**self.defaults))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        widget = {key: data for key, data in self.live()._repr_mimebundle_().items() if key.startswith("application/")}
        return {"text/plain": repr(self), "text/html": self.html, "image/png": self.png(), **widget}

    def live(self) -> Any:
        """Return it as ipywidgets: its life in a kernel."""
        return live.widget(self)

    def png(self) -> bytes:
        """Return the default setting as a PNG, for viewers that run no scripts and for paper."""
        return picture(self.panels_of(**self.defaults), self.marks(**self.defaults), self.caption).png

    @cached_property
    def table(self) -> Table:
        """Everything the static page shows, at every setting."""
        return Table(self)

    @cached_property
    def html(self) -> str:
        """A piece of HTML that needs nothing but a browser: its life on the static page."""
        return page.figure(self)
