"""A fair comparison: every setting of every method on the same examples in the same order, from the same starts.

One run per seed trains all settings of a rule at once, since a rule's hyperparameters may be arrays. A setting is then
chosen on the validation part, and what was chosen is reported on the test part. One that fails is
never dropped: a loss that overflows is infinite, and worse than any other in every statistic.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from optim.checks import POSITIVE, real_numbers, whole_number
from optim.data import Examples, Split, mini_batches
from optim.models import Model
from optim.rule import Rule

__all__ = ["Sweep", "sweep"]


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """What became of every setting, with every seed, at every look.

    Attributes
    ----------
    rule : str
        Its name.
    model : Model
    grid : dict of ndarray
        The values that were tried of each hyperparameter, in the order of the axes below.
    seeds : tuple of int
        Each is a start and an order of the examples, the same for all settings.
    size : int
        Examples in a mini-batch, B.
    steps : ndarray, shape (looks,)
        After how many steps the losses below were computed, from 0 on.
    train, validation : ndarray, shape ``(looks, *grid, seeds)``
        The loss on all the training and validation examples; infinite from where a run has overflown.
    error : ndarray, shape ``(looks, *grid, seeds)``
        How wrong the model is on the validation examples; see `Model.error`.
    theta : ndarray, shape ``(dimension, *grid, seeds)``
        The parameters after the last step.
    """

    rule: str
    model: Model
    grid: dict[str, np.ndarray]
    seeds: tuple[int, ...]
    size: int
    steps: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    error: np.ndarray
    theta: np.ndarray

    @property
    def failed(self) -> np.ndarray:
        """The share of the seeds with which each setting ends no better than it began, shape ``(*grid,)``."""
        return np.mean(self.train[-1] >= self.train[0], axis=-1)

    @property
    def examples(self) -> np.ndarray:
        """How many examples had been seen at each look."""
        return self.steps * self.size

    def median(self, of: str = "validation") -> np.ndarray:
        """Return the median over the seeds at the last look, shape ``(*grid,)``; infinite where half overflow."""
        return self.quantile(0.5, of)[-1]

    def quantile(self, share: float | Sequence[float], of: str = "validation") -> np.ndarray:
        """Return a quantile over the seeds at every look, in which a failed run is worse than any other.

        Parameters
        ----------
        share : float or sequence of float
            From 0 to 1; several add an axis at the front.
        of : {"validation", "train", "error"}

        Returns
        -------
        ndarray, shape ``(looks, *grid)``
            One of the values that were measured: the lowest that at least this share of the runs does not exceed.
        """
        return np.quantile(getattr(self, of), share, axis=-1, method="inverted_cdf")

    def best(self) -> dict[str, float]:
        """Return the setting with the lowest median loss on the validation part.

        Raises
        ------
        ValueError
            If every setting overflows with half of the seeds or more.
        """
        median = self.median()
        if np.isinf(median).all():
            raise ValueError(f"{self.rule} on {self.model}: every setting overflows; try smaller learning rates")
        place = np.unravel_index(median.argmin(), median.shape)
        return {name: float(values[index]) for (name, values), index in zip(self.grid.items(), place, strict=True)}

    def report(self, data: Split, **setting: float) -> np.ndarray:
        """Return how wrong a setting is on the test part after the last step, for each seed, shape (seeds,).

        It is for one setting, chosen before: whoever looks at several and takes the best has tuned on the test part.

        Parameters
        ----------
        data : Split
            Of which the sweep has seen the other two parts.
        **setting : float
            The setting; `best` where none is given.
        """
        place = self.at(**(setting or self.best()))
        return _error(self.model, np.moveaxis(self.theta, 0, -1)[place].T, data.test)

    def at(self, **setting: float) -> tuple[int, ...]:
        """Return where a setting stands on the axes of the grid: the values nearest to those given."""
        if unknown := sorted(setting.keys() ^ self.grid.keys()):
            raise ValueError(f"a setting needs {', '.join(self.grid)}, each once; see {unknown[0]}")
        return tuple(int(np.abs(values - setting[name]).argmin()) for name, values in self.grid.items())

    def width(self, factor: float = 1.1, of: str = "train") -> float:
        """Return how wide the range of good learning rates is, as the ratio of its ends.

        A rate is good if some setting with it has a median loss of at most `factor` times the lowest. The range is the
        one around the best, up to the first rate on either side that is not good; 1 where it is that rate alone.
        """
        median = np.moveaxis(self.median(of), list(self.grid).index("eta"), 0).reshape(len(self.grid["eta"]), -1)
        lowest = median.min(axis=1)
        good = lowest <= factor * lowest.min()
        low = high = int(lowest.argmin())
        while low > 0 and good[low - 1]:
            low -= 1
        while high + 1 < len(good) and good[high + 1]:
            high += 1
        return float(self.grid["eta"][high] / self.grid["eta"][low])

    def __repr__(self) -> str:
        """Say what was tried."""
        shape = " x ".join(f"{len(values)} {name}" for name, values in self.grid.items())
        return f"Sweep of {self.rule} on {self.model}: {shape} x {len(self.seeds)} seeds, {self.steps[-1]} steps"


def sweep(
    rule: Callable[..., Rule],
    grid: Mapping[str, ArrayLike],
    model: Model,
    data: Split,
    *,
    size: int,
    steps: int,
    seeds: Sequence[int] = range(10),
    looks: int = 20,
    jobs: int = 1,
    keep: Path | str | None = None,
    progress: Callable[..., Any] | None = None,
) -> Sweep:
    """Train a model with every setting of a rule, once per seed.

    Parameters
    ----------
    rule : callable
        A rule, or a function that makes one: called with an array for each name in `grid`.
    grid : mapping
        The values to try of each hyperparameter, the learning rate `eta` among them; all their combinations are tried.
    model : Model
    data : Split
        The test part is not looked at.
    size : int
        Examples in a mini-batch: 1 is on-line, all of the training part off-line learning.
    steps : int
        How many steps each run takes.
    seeds : sequence of int
        Each is a start, and an order of the examples; the same for every setting of every rule.
    looks : int
        How often the losses are computed in between.
    jobs : int
        How many processes work on the seeds. The numbers are the same to the last bit.
    keep : path, optional
        A folder in which each seed is kept as soon as it is done; what is there already is not run again.
    progress : callable, optional
        Wraps the iterable over the seeds and shows how far it is, as ``tqdm`` does: ``progress(seeds, total=10)``.

    Raises
    ------
    TypeError, ValueError
        If the grid holds a rate that is zero, an argument is of the wrong kind, or the settings kept in `keep` differ.

    Examples
    --------
    >>> from optim import SGD, diabetes, linear, split
    >>> data, rates = split(*diabetes(), seed=0), {"eta": [0.001, 0.03, 1.0]}
    >>> result = sweep(SGD, rates, linear(10), data, size=32, steps=200, seeds=range(3))
    >>> result
    Sweep of SGD on linear(10): 3 eta x 3 seeds, 200 steps
    >>> result.best(), result.failed
    ({'eta': 0.03}, array([0., 0., 1.]))
    >>> result.report(data).round(2)
    array([0.51, 0.52, 0.52])
    """
    values = _values(grid)
    seeds = tuple(whole_number("sweep", "a seed", seed) for seed in seeds)
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"sweep: seeds must be one or more different whole numbers; got {seeds}")
    steps = whole_number("sweep", "steps", steps, least=1)
    marks = np.linspace(0, steps, whole_number("sweep", "looks", looks, least=1) + 1).round().astype(int)
    settings = np.meshgrid(*values.values(), indexing="ij")
    made = rule(**dict(zip(values, settings, strict=True)))
    run = partial(_run, made, model, data, size, np.unique(marks))
    kept = _Kept(Path(keep), _described(made, model, data, size, np.unique(marks))) if keep else None
    done = dict(_each(run, seeds, jobs, kept, progress))
    parts = [np.stack(arrays, axis=-1) for arrays in zip(*(done[seed] for seed in seeds), strict=True)]
    return Sweep(made.name, model, values, seeds, size, np.unique(marks), *parts)


def _values(grid: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """Return the values of each hyperparameter as a growing array, or say what is wrong with them."""
    if "eta" not in grid:
        raise ValueError("sweep: the grid needs the learning rate, eta")
    values = {name: np.atleast_1d(np.asarray(given, dtype=float)) for name, given in grid.items()}
    real_numbers("sweep", "eta", values["eta"], POSITIVE)
    for name, given in values.items():
        if given.ndim > 1 or not len(given) or (np.diff(given) <= 0).any():
            raise ValueError(f"sweep: the values of {name} must grow, each one once; got {given}")
    return values


def _run(rule: Rule, model: Model, data: Split, size: int, marks: np.ndarray, seed: int) -> tuple[np.ndarray, ...]:
    """Train all settings with one seed; return the two losses and the error at each look, and the last parameters."""
    batches = iter(mini_batches(*data.train, size, seed=seed))
    train, validation = model.loss(*data.train), model.loss(*data.validation)
    start = model.start(seed).reshape(-1, *(1 for _ in rule.batch_shape))
    theta = np.broadcast_to(start, (len(start), *rule.batch_shape)).copy()
    state = rule.init(theta)
    looks = []
    _hold_memory()
    # What overflows is counted as failed. One thread, so that the last bits do not depend on how many cores there are.
    with np.errstate(all="ignore"), threadpool_limits(1):
        for step in range(marks[-1] + 1):
            if step:
                rule.step(theta, train.gradient(theta, next(batches)), state)
            if step in marks:
                losses = np.array([loss.value(theta) for loss in (train, validation)])
                theta[:, ~np.isfinite(losses).all(axis=0)] = np.nan  # what has overflown does not come back
                failed = ~np.isfinite(theta).all(axis=0)
                looks.append([*np.where(failed, np.inf, losses), _error(model, theta, data.validation)])
    return (*(np.array(look) for look in zip(*looks, strict=True)), theta)


def _hold_memory() -> None:
    """Let the memory of an array that is done with serve the next one.

    The C library of Linux gives large arrays back to the system, which clears them anew for each step: half of the time
    of a step over all the digits. It holds back what is smaller than the largest that was ever freed, up to 32 MB
    (mallopt(3), M_MMAP_THRESHOLD). Nothing is written here, so this costs no memory.
    """
    np.empty(2**25 - 2**16, dtype=np.uint8)


def _error(model: Model, theta: np.ndarray, examples: Examples) -> np.ndarray:
    """Return how wrong a model is, infinitely where its parameters are not finite."""
    with np.errstate(all="ignore"):
        return np.where(np.isfinite(theta).all(axis=0), model.error(theta, *examples), np.inf)


def _each(
    run: Callable[[int], tuple[np.ndarray, ...]],
    seeds: Sequence[int],
    jobs: int,
    kept: _Kept | None,
    progress: Callable[..., Any] | None,
) -> Iterator[tuple[int, tuple[np.ndarray, ...]]]:
    """Yield each seed with what became of it: what is kept first, then the others as they are done."""
    left = []
    for seed in seeds:
        if kept and (parts := kept.load(seed)):
            yield seed, parts
        else:
            left.append(seed)
    results = Parallel(n_jobs=jobs, return_as="generator")(delayed(run)(seed) for seed in left)
    for seed, parts in zip(progress(left, total=len(left)) if progress else left, results, strict=True):
        if kept:
            kept.save(seed, parts)
        yield seed, parts


class _Kept:
    """A folder with one file for each seed that is done, and one that says by which settings."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        about = folder / "settings.json"
        if about.exists():
            before = json.loads(about.read_text("utf-8"))
            if changed := [name for name in settings if settings[name] != before.get(name)]:
                raise ValueError(
                    f"sweep: what is kept in {folder} was run with another {', '.join(changed)}; keep this sweep in "
                    "another folder, or delete that one"
                )
        else:
            about.write_text(json.dumps(settings, indent=1), "utf-8")

    def load(self, seed: int) -> tuple[np.ndarray, ...] | None:
        """Return what became of a seed, nothing if it has not been run."""
        try:
            with np.load(self.folder / f"seed{seed}.npz") as parts:
                return tuple(parts[name] for name in parts.files)
        except FileNotFoundError:
            return None

    def save(self, seed: int, parts: tuple[np.ndarray, ...]) -> None:
        """Keep what became of a seed; whoever is stopped meanwhile leaves nothing that is half written."""
        half = self.folder / f"half{seed}.npz"
        np.savez_compressed(half, *parts)
        half.replace(self.folder / f"seed{seed}.npz")


def _described(rule: Rule, model: Model, data: Split, size: int, marks: np.ndarray) -> dict[str, Any]:
    """Return all that decides what becomes of a seed, by name, as JSON can hold it; of a schedule its values."""
    settings = {field.name: getattr(rule, field.name) for field in fields(rule)}  # type: ignore[arg-type]
    for name, value in settings.items():
        if callable(value):
            settings[name] = [np.asarray(value(int(t))).tolist() for t in marks[1:]]
        elif isinstance(value, np.ndarray):
            settings[name] = value.tolist()
    digest = hashlib.sha256()
    for part in (*data.train, *data.validation):
        digest.update(part.tobytes())
    told = {"rule": rule.name, **settings, "model": model.name, "data": digest.hexdigest()}
    return {**told, "mini-batch size": size, "steps": marks.tolist()}
