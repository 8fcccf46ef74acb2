"""The life of an explorable in a kernel: ipywidgets, and the figure of the page, to which Python sends each setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets

from optim.explore import page
from optim.marks import subscripts

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
        self.controls = [control.widget() for control in explorable.controls.values()]
        self.stage, self.moving = Stage(), False
        self.chosen: list[int] | None = None  # that of which the stage shows the panels
        starts = self.places()
        self.show()
        step, player = _player(self.stage)
        reset = ipywidgets.Button(description="Reset")

        def go_back(_: Any) -> None:
            step.value = step.max
            self.move(starts)

        reset.on_click(go_back)
        presets = [
            self._preset(words, places) for words, places in zip(explorable.presets, explorable.presets_at, strict=True)
        ]
        for control in self.controls:
            control.observe(self.show, "value")
        self.stage.observe(self._follow_handle, "places")
        wrap = ipywidgets.Layout(flex_flow="row wrap")
        title = f"<b>{subscripts(explorable.title)}</b> " if explorable.title else ""
        caption = ipywidgets.HTML(title + subscripts(explorable.caption))
        controls = ipywidgets.Box([*self.controls, *presets, reset], layout=wrap)
        self.whole = ipywidgets.VBox([controls, self.stage, *player, caption])

    def places(self) -> list[int]:
        """Return where the controls stand, choices first."""
        return [control.index for control in self.controls]

    def move(self, places: list[int]) -> None:
        """Move the controls and show what comes of it once."""
        self.moving = True
        for control, place in zip(self.controls, places, strict=True):
            control.index = place
        self.moving = False
        self.show()

    def _preset(self, words: str, places: list[int]) -> Any:
        """Return the button that jumps to a setting."""
        button = ipywidgets.Button(description=words)
        button.on_click(lambda _: self.move(places))
        return button

    def _follow_handle(self, change: Any) -> None:
        """Move the sliders to where the reader has put the handle."""
        self.move([*self._chosen(), *change.new])

    def _chosen(self) -> list[int]:
        return self.places()[: len(self.explorable.choices)]

    def show(self, _: Any = None) -> None:
        """Show the setting at which the controls stand."""
        if self.moving:
            return
        table = self.explorable.table.at(self.places())
        spec = page.spec(table)
        if table.pad:
            spec["pad"] = table.pad | {"at": self.places()[-2:]}
        with self.stage.hold_sync():
            self.stage.spec = spec
            if self._chosen() != self.chosen:
                self.chosen = self._chosen()
                self.stage.last = page.last_step(table)
                self.stage.html = page.in_kernel(self.explorable, table)


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
