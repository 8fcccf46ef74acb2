"""The life of an explorable in a kernel: ipywidgets, and the figure of the page, for which Python computes a move."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import numpy as np
import traitlets

from optim.explore import page
from optim.explore.table import Table
from optim.marks import Outcome, subscripts

if TYPE_CHECKING:
    from optim.explore.explorable import Explorable

MODULE = f"""{page.SCRIPT}
export default {{
  render({{ model, el }}) {{
    const figure = document.createElement("figure");
    figure.className = "explorable";
    el.append(figure);
    let end;
    const begin = () => {{
      end?.then((stop) => stop());
      figure.innerHTML = model.get("html");
      end = explorable(figure, model.get("spec"), model);
    }};
    model.on("change:html", begin);
    begin();
    return () => {{
      model.off("change:html", begin);
      end.then((stop) => stop());
    }};
  }},
}};
"""


class Stage(anywidget.AnyWidget):
    """The panels, the pad and the numbers: the script of the page, which draws one setting.

    Attributes
    ----------
    html : str
        The figure; another one for another choice.
    spec : dict
        The setting that is shown, as a table of one row.
    step, last : int
        The step that is marked, and the last one.
    places : list of int
        Where the reader has put the handle of the pad: places of the two sliders.
    """

    _esm, _css = MODULE, page.STYLE
    html = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    last = traitlets.Int().tag(sync=True)
    places: Any = traitlets.List().tag(sync=True)


def widget(explorable: Explorable) -> Any:
    """Return an explorable as ipywidgets."""
    return _Live(explorable).whole


class _Live:
    """The widgets of an explorable, and what they show."""

    def __init__(self, explorable: Explorable) -> None:
        self.explorable = explorable
        self.controls = {name: control.widget() for name, control in explorable.controls.items()}
        self.stage, self.moving = Stage(), False
        self.chosen: tuple[Any, ...] | None = None  # that of which the stage shows the panels
        self.outcomes: dict[tuple[Any, ...], np.ndarray | None] = {}  # by what the choices are
        starts = {name: control.value for name, control in self.controls.items()}
        self.show()
        step, player = _player(self.stage)
        reset = ipywidgets.Button(description="Reset")

        def go_back(_: Any) -> None:
            step.value = step.max
            self.move(starts)

        reset.on_click(go_back)
        presets = [self._preset(words, places) for words, places in self._presets()]
        for control in self.controls.values():
            control.observe(self.show, "value")
        self.stage.observe(self._follow_handle, "places")
        wrap = ipywidgets.Layout(flex_flow="row wrap")
        title = f"<b>{subscripts(explorable.title)}</b> " if explorable.title else ""
        caption = ipywidgets.HTML(title + subscripts(explorable.caption))
        controls = ipywidgets.Box([*self.controls.values(), *presets, reset], layout=wrap)
        self.whole = ipywidgets.VBox([controls, self.stage, *player, caption])

    def _values(self) -> dict[str, Any]:
        return {name: self.explorable.controls[name].picked(control) for name, control in self.controls.items()}

    def _presets(self) -> Iterable[tuple[str, list[int]]]:
        return zip(self.explorable.presets, self.explorable.presets_at, strict=True)

    def _preset(self, words: str, places: list[int]) -> Any:
        """Return the button that jumps to a setting."""
        button = ipywidgets.Button(description=words)
        values = {
            name: control.values[place] if name in self.explorable.sliders else place
            for (name, control), place in zip(self.explorable.controls.items(), places, strict=True)
        }
        button.on_click(lambda _: self.move(values))
        return button

    def _follow_handle(self, change: Any) -> None:
        """Move the sliders to where the reader has put the handle."""
        sliders = self.explorable.sliders.items()
        self.move({name: slider.values[place] for (name, slider), place in zip(sliders, change.new, strict=True)})

    def move(self, values: dict[str, Any]) -> None:
        """Move several controls and show what comes of it once."""
        self.moving = True
        for name, value in values.items():
            self.controls[name].value = value
        self.moving = False
        self.show()

    def show(self, _: Any = None) -> None:
        """Compute the setting anew and show it."""
        if self.moving:
            return
        values = self._values()
        table = Table(self.explorable, values, self._outcome(values))
        spec = page.spec(table)
        if table.pad:
            sliders = self.explorable.sliders.items()
            spec["pad"] = table.pad | {"at": [slider.nearest(values[name]) for name, slider in sliders]}
        with self.stage.hold_sync():
            self.stage.spec = spec
            if self._chosen() != self.chosen:
                self.chosen = self._chosen()
                self.stage.last = page.last_step(table)
                self.stage.html = page.in_kernel(self.explorable, table)

    def _chosen(self) -> tuple[Any, ...]:
        return tuple(self.controls[name].value for name in self.explorable.choices)

    def _outcome(self, values: dict[str, Any]) -> np.ndarray | None:
        """Return the outcome at all places of two sliders, computed when a choice is made for the first time."""
        chosen = self._chosen()
        if chosen not in self.outcomes:
            outcome = None
            if len(self.explorable.sliders) == 2:
                marks = self.explorable.marks(**(values | self.explorable.everywhere()))
                outcome = next((np.asarray(mark.value, float) for mark in marks if isinstance(mark, Outcome)), None)
            self.outcomes[chosen] = outcome
        return self.outcomes[chosen]


def _player(stage: Stage) -> tuple[Any, list[Any]]:
    """Return the slider of the step, and what shows it with a button to play, if there are steps."""
    last = stage.last
    step = ipywidgets.IntSlider(value=last, min=0, max=last, description="step", continuous_update=True)
    stage.step = last
    if not last:
        return step, []
    play = ipywidgets.Play(value=last, min=0, max=last, interval=60, step=max(1, last // 100))
    ipywidgets.jslink((play, "value"), (step, "value"))
    ipywidgets.jslink((step, "value"), (stage, "step"))
    return step, [ipywidgets.HBox([play, step])]
