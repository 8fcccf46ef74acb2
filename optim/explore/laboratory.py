"""The laboratory: drag the starting point, set each method's rate and memory, and watch the paths being computed.

It computes where it is seen, in the browser. Nothing is written a second time for it: `optim.trace` makes the scripts
of the rules and of the losses out of their Python code. The static page and JupyterLab run the same file of JavaScript.
"""

from __future__ import annotations

import html
import io
import json
import math
from base64 import b64encode
from dataclasses import replace
from typing import Any

import anywidget
import numpy as np
import traitlets
from PIL import Image

from optim import looks
from optim.checks import BELOW_ONE, POSITIVE, whole_number
from optim.explore.sources import address, on_page, source
from optim.losses import Loss
from optim.marks import COLORS
from optim.plots import Panel, Picture, landscape, loss_curve, path, picture
from optim.rule import Rule
from optim.run import Trajectory, minimize
from optim.trace import loss_scripts, memory_before, rule_script, setting

SCRIPT = source("shared.js") + source("laboratory.js")
STYLE = looks.sheet(".laboratory") + source("laboratory.css")

# The widget's module and the page's script: the same functions, called in two ways.
MODULE = f"""{SCRIPT}
export default {{
  render({{ model, el }}) {{
    const root = document.createElement("figure");
    root.className = "laboratory";
    root.innerHTML = model.get("caption");
    el.append(root);
    return laboratory(root, structuredClone(model.get("spec")), model);
  }},
}};
"""
PAGE = on_page(
    SCRIPT,
    """const root = document.currentScript.closest("figure");
laboratory(root, JSON.parse(root.querySelector("script").textContent));""",
)

Rules = list[Rule] | dict[str, Rule]
Point = tuple[float, float]

SYMBOLS = {"eta": "η", "lam": "λ", "alpha": "α", "beta": "β", "beta1": "β₁", "beta2": "β₂", "rho": "ρ", "gamma": "γ"}
HINT = "Drag the ring to start elsewhere; point at a curve to read it. Bluer is lower, ★ is the minimum."
WIDTHS = (400, 300)  # CSS pixels of the two panels of the still picture
STEPS = (10, 20, 50, 100, 200, 500, 1000)


def laboratory(
    losses: Loss | dict[str, Loss],
    rules: Rules | dict[str, Rules],
    question: str,
    *,
    title: str = "",
    steps: int | dict[str, int] = 100,
    start: Point | dict[str, Point] | None = None,
    autoplay: bool = False,
) -> Laboratory:
    """Return a laboratory: a landscape on which the reader drags the start and sets each method by itself.

    Parameters
    ----------
    losses : Loss, or dict of str to Loss
        The landscape, or several by the names that the reader sees. Each has two parameters and a frame.
    rules : list of Rule, or dict of str to Rule
        The methods, each with the settings that it has at first; a dict names them. The settings of several landscapes
        may differ: a dict from the names of the landscapes to such lists or dicts.
    question : str
        What the reader is to find out.
    title : str, optional
        Its name in the gallery of all figures and, in small letters, in its address; without one, the question is.
    steps : int, or dict of str to int
        How many steps are taken at first; a dict names landscapes, and the others have 100.
    start : (float, float), or dict of str to (float, float), optional
        Where the paths begin at first, instead of where the loss says.
    autoplay : bool
        Whether the paths are played once when the laboratory comes into view. Not for readers who prefer less motion.

    Returns
    -------
    Laboratory
        Shows itself when it is the last value of a cell. In a kernel `start`, `steps`, `landscape`, `settings` and
        `shown` can be read and set.

    Raises
    ------
    Untraceable
        If a rule or a loss does what has no counterpart in the browser; the message names it.
    TypeError, ValueError
        If an argument is of the wrong kind.

    Notes
    -----
    A rule or a loss of your own goes in as ours do, without a line of JavaScript: `optim.trace` makes it from `update`,
    `value` and `gradient`. The browser agrees with `minimize` to the last bit where only + - * / and roots occur; a
    power, as in Adam's bias correction, is rounded otherwise there, by less than 1e-12 of what it goes into.

    Examples
    --------
    >>> from optim import SGD, Momentum, ravine
    >>> lab = laboratory(ravine(20), [SGD(0.09), Momentum(0.02, lam=0.8)], "Who wins?")
    >>> lab
    Who wins? [ravine(20) from (-2, 0.5), 100 steps] SGD(eta=0.09): 1.286e-08. Momentum(eta=0.02, lam=0.8): 7.852e-10.
    >>> lab.settings = {"SGD": {"eta": 0.1}}
    >>> lab
    Who wins? [ravine(20) from (-2, 0.5), 100 steps] SGD(eta=0.1): 2.5. Momentum(eta=0.02, lam=0.8): 7.852e-10.
    """
    return Laboratory(_by_name(losses), rules, question, steps, start, autoplay, title)


class Laboratory(anywidget.AnyWidget):
    """What `laboratory` returns; see there.

    Attributes
    ----------
    landscape : str
        The name of the landscape that is shown.
    start : list of two floats
        Where the paths begin.
    steps : int
        How many steps are taken.
    settings : dict of str to dict
        The hyperparameters of each method. What is left out when it is set stays as it was.
    shown : list of str
        The methods that are switched on.
    """

    _esm, _css = MODULE, STYLE
    spec = traitlets.Dict().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    landscape = traitlets.Unicode().tag(sync=True)
    start: Any = traitlets.List().tag(sync=True)
    steps = traitlets.Int().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    shown: Any = traitlets.List().tag(sync=True)

    def __init__(
        self,
        losses: dict[str, Loss],
        rules: Any,
        question: str,
        steps: Any,
        start: Any,
        autoplay: bool,
        title: str = "",
    ) -> None:
        self.losses, self.question, self.title = losses, question, title
        self.rules = {label: _named(_of(rules, losses, label)) for label in losses}
        for loss in losses.values():
            if not isinstance(loss, Loss) or loss.frame is None:
                raise TypeError(f"laboratory: a landscape is a Loss of two parameters with a frame; got {loss!r:.60}")
        self._counts, self._starts = {}, {}
        for label, loss in losses.items():
            count = _of(steps, losses, label, otherwise=100)
            self._counts[label] = whole_number("laboratory", "steps", count, least=1)
            self._starts[label] = [float(x) for x in _of(start, losses, label) or loss.start]
        first = next(iter(losses))
        self._from_page = False
        super().__init__(
            spec=self._spec(autoplay),
            caption=_caption(question, title),
            landscape=first,
            start=self._starts[first],
            steps=self._counts[first],
            settings=self._defaults(first),
            shown=list(self.rules[first]),
        )

    def _spec(self, autoplay: bool) -> dict[str, Any]:
        """Return all that the script needs to know."""
        names = list(next(iter(self.rules.values())))
        chosen = looks.looks_of([rule.name for rule in next(iter(self.rules.values())).values()])
        methods, losses = [], []
        for place, name in enumerate(names):
            one, *others = [list(rules.values())[place] for rules in self.rules.values()]
            script = rule_script(one)
            if any(type(other) is not type(one) or rule_script(other) != script for other in others):
                raise ValueError(f"laboratory: {name} must be the same rule on every landscape, up to its settings")
            hypers = [{"name": h, "symbol": SYMBOLS.get(h, h), "scale": _scale(one, h)} for h in setting(one)]
            methods.append(
                {
                    "name": name,
                    "look": chosen[place],
                    "marker": looks.LOOKS[chosen[place]].marker,
                    "on": True,
                    "hypers": hypers,
                    "memory": one.memory,
                    "before": memory_before(one),
                    "script": script,
                }
            )
        for label, loss in self.losses.items():
            value, gradient = loss_scripts(loss)
            rules = self.rules[label].values()
            losses.append(
                {
                    "label": label,
                    "value": value,
                    "gradient": gradient,
                    "frame": loss.frame,
                    "minima": loss.minima,
                    "start": self._starts[label],
                    "steps": self._counts[label],
                    "settings": [list(setting(rule).values()) for rule in rules],
                    "ranges": [[_range(rule, hyper) for hyper in setting(rule)] for rule in rules],
                }
            )
        return {
            "methods": methods,
            "losses": losses,
            "stepChoices": sorted({*STEPS, *self._counts.values()}),
            "hint": HINT,
            "autoplay": autoplay,
        }

    def _defaults(self, label: str) -> dict[str, dict[str, float]]:
        return {name: setting(rule) for name, rule in self.rules[label].items()}

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the reader has set."""
        self._from_page = True
        try:
            super().set_state(sync_data)
        finally:
            self._from_page = False

    @traitlets.validate("landscape")
    def _known(self, proposal: Any) -> str:
        if proposal.value not in self.losses:
            raise ValueError(f"landscape must be one of {', '.join(self.losses)}; got {proposal.value!r}")
        return proposal.value

    @traitlets.observe("landscape")
    def _begin_there(self, change: Any) -> None:
        """Take the start and the settings of a landscape that Python has chosen; the page has its own."""
        if not self._from_page and change.old:
            with self.hold_sync():
                self.start, self.steps = self._starts[change.new], self._counts[change.new]
                self.settings = self._defaults(change.new)

    @traitlets.validate("start")
    def _two_numbers(self, proposal: Any) -> list[float]:
        start = np.asarray(proposal.value, float)
        if start.shape != (2,) or not np.all(np.isfinite(start)):
            raise ValueError(f"start must be two finite numbers; got {proposal.value!r}")
        return start.tolist()

    @traitlets.validate("steps")
    def _at_least_one(self, proposal: Any) -> int:
        return whole_number("laboratory", "steps", proposal.value, least=1)

    @traitlets.validate("settings")
    def _complete(self, proposal: Any) -> dict[str, dict[str, float]]:
        """Check new settings as the rule itself would, and keep the others."""
        label = self.landscape or next(iter(self.losses))
        complete = {**self._defaults(label), **self.settings}
        for name, values in proposal.value.items():
            if name not in self.rules[label]:
                raise ValueError(f"settings: there is no {name!r}; the methods are {', '.join(complete)}")
            rule = _with(self.rules[label][name], {**complete[name], **values})
            complete[name] = setting(rule)
        return complete

    @traitlets.validate("shown")
    def _known_methods(self, proposal: Any) -> list[str]:
        names = list(next(iter(self.rules.values())))
        if unknown := set(proposal.value) - set(names):
            raise ValueError(f"shown: there is no {min(unknown)!r}; the methods are {', '.join(names)}")
        return [name for name in names if name in proposal.value]

    def runs(self) -> dict[str, Trajectory]:
        """Return what is shown now, computed in Python: the trajectory of each method that is on, by its name."""
        loss, rules = self.losses[self.landscape], self.rules[self.landscape]
        chosen = {name: _with(rules[name], self.settings[name]) for name in self.shown}
        return {name: minimize(loss, self.start, rule, self.steps) for name, rule in chosen.items()}

    def __repr__(self) -> str:
        """Say what is shown, with the loss at the end of each path."""
        x, y = self.start
        head = f"{self.question} [{self.landscape} from ({x:.4g}, {y:.4g}), {self.steps} steps]"
        ends = []
        for name, run in self.runs().items():
            called = run.rule if run.rule.startswith(name) else f"{name}, {run.rule}"
            ends.append(f"{called}: {'diverges' if run.diverged else f'{run.loss[-1]:.4g}'}.")
        return " ".join([head, *ends])

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, _ = super()._repr_mimebundle_(**kwargs) or ({}, {})
        live = {key: value for key, value in data.items() if key.startswith("application/")}
        still = {"text/plain": repr(self), "text/html": self.html, "image/png": self.still().png}
        return still | live, {"image/png": {"width": sum(WIDTHS)}}

    def still(self) -> Picture:
        """Return what is shown now as a picture, for viewers that run no scripts and for paper."""
        loss, runs = self.losses[self.landscape], self.runs()
        colors = {method["name"]: method["look"] % len(COLORS) for method in self.spec["methods"]}
        floor = min((loss.value(np.array(minimum)) for minimum in loss.minima), default=0.0)
        marks, highest = [], 1e-12
        for name, run in runs.items():
            above = np.maximum(run.loss - floor, 1e-300)
            marks.append(path(run, label=name, color=colors[name]))
            marks.append(replace(loss_curve(run, color=colors[name], panel=1), y=above))
            highest = max(highest, 10 * above[0])
        named = "loss" if floor == 0 else "loss above the minimum"
        curves = Panel((0, self.steps), (1e-12, highest), "step", named, ylog=True, width=WIDTHS[1], height=292)
        return picture([landscape(loss, width=WIDTHS[0], height=292), curves], marks, self.question)

    @property
    def name(self) -> str:
        """What its address ends in: its title or its question in small letters."""
        return address(self.title or self.question)

    @property
    def html(self) -> str:
        """Its life on the static page, a piece of HTML that needs nothing but a browser."""
        spec = json.dumps(self.spec, ensure_ascii=False).replace("</", "<\\/")
        small = _small(self.still().png)
        return "\n".join(
            [
                f'<figure class="laboratory" data-name="{self.name}" style="--rows:{len(self.spec["methods"])}">',
                f"<style>{STYLE}</style>",
                self.caption,
                f'<noscript><img alt="{html.escape(repr(self))}" src="data:image/webp;base64,{small}">'
                "<p>To drag the start and to set the methods, the laboratory needs JavaScript.</p></noscript>",
                f'<script type="application/json">{spec}</script>',
                f"<script>{PAGE}</script>",
                "</figure>",
            ]
        )


def _by_name(losses: Loss | dict[str, Loss]) -> dict[str, Loss]:
    return losses if isinstance(losses, dict) else {getattr(losses, "name", "loss"): losses}


def _of(given: Any, losses: dict[str, Loss], label: str, otherwise: Any = None) -> Any:
    """Return what is given for a landscape, where it is a dict by landscapes, or what is given for all."""
    if isinstance(given, dict) and given.keys() <= losses.keys():
        return given.get(label, otherwise)
    return given


def _named(rules: Rule | Rules) -> dict[str, Rule]:
    """Return the rules by name; a second one of the same name is called by its settings."""
    if isinstance(rules, Rule):
        rules = [rules]
    if isinstance(rules, dict):
        return dict(rules)
    names = [rule.name for rule in rules]
    return {str(rule) if names.count(rule.name) > 1 else rule.name: rule for rule in rules}


def _with(rule: Rule, values: dict[str, float]) -> Rule:
    """Return a rule with other settings, which it checks."""
    return replace(rule, **values)  # type: ignore[type-var]  # a rule is a dataclass


def _scale(rule: Rule, name: str) -> str:
    """Return the kind of slider that suits a hyperparameter, or nothing where none does."""
    said, value = rule.hyperparameters[name], getattr(rule, name)
    if not said.shown:
        return ""  # eps is too small to be seen at work
    if said.domain is BELOW_ONE:
        return "memory"
    if said.domain is POSITIVE:
        return "rate"
    if 0.5 <= value < 1:  # of a number that may be any, its value must tell
        return "memory"
    return "rate" if value > 0 else "number"


def _range(rule: Rule, name: str) -> dict[str, float]:
    """Return the ends of a hyperparameter's slider."""
    value = getattr(rule, name)
    if _scale(rule, name) == "rate":
        return {"low": 10.0 ** math.floor(math.log10(value) - 1.5), "high": 10.0 ** math.ceil(math.log10(value) + 0.8)}
    return {"low": min(-1.0, 2 * value), "high": max(1.0, -2 * value)}


def _caption(question: str, title: str) -> str:
    named = f'<b class="title">{html.escape(title)}</b> ' if title else ""
    return f'<figcaption>{named}<span class="question">{html.escape(question)}</span></figcaption>'


def _small(png: bytes) -> str:
    """Return a picture as a small WebP in base64: only a page without scripts shows it."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image = image.resize((560, round(560 * image.height / image.width)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "webp", quality=30, method=6)
    return b64encode(out.getvalue()).decode()
