"""Every method is told from every other, and from the ground, whatever colours a reader can see."""

import itertools

import numpy as np
import pytest

from optim import SGD, Adam, minimize, ravine
from optim.looks import GROUNDS, LOOKS, NUMBERED, PLACES, VEIL, looks_of
from optim.marks import Curve, dress
from optim.plots import loss_curve, path

# What a colour, as linear red, green and blue, becomes for readers without one kind of cone: Machado, Oliveira and
# Fernandes (2009), severity 1.
SEEN = {
    "by most": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
    "in grey": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}


def linear(color):
    """Return a colour such as #0072b2 as linear red, green and blue."""
    share = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def luminance(color):
    return np.array([0.2126, 0.7152, 0.0722]) @ linear(color)


def oklab(rgb):
    """Return Ottosson's OKLab (2020), in which distances are as large as they look."""
    cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    cones.append([0.0883024619, 0.2817188376, 0.6299787005])
    axes = [[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099]]
    axes.append([0.0259040371, 0.7827717662, -0.808675766])
    return np.array(axes) @ np.cbrt(np.array(cones) @ rgb)


@pytest.mark.parametrize("theme", GROUNDS)
@pytest.mark.parametrize("look", LOOKS + NUMBERED, ids=lambda look: look.light)
def test_a_method_has_a_contrast_of_three_to_one_against_all_it_crosses(look, theme):
    ink = luminance(getattr(look, theme))
    for name in ("low", "high", "halo"):
        lighter, darker = sorted((ink, luminance(GROUNDS[theme][name])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 3, name


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("theme", GROUNDS)
def test_the_methods_of_the_book_are_told_apart(theme, seen):
    """The least distance in OKLab: 0.02 is just seen; Okabe and Ito's green and vermilion have 0.03 in grey."""
    colors = [np.clip(SEEN[seen] @ linear(getattr(LOOKS[place], theme)), 0, 1) for place in PLACES.values()]
    distances = [np.linalg.norm(oklab(a) - oklab(b)) for a, b in itertools.combinations(colors, 2)]
    assert min(distances) >= (0.07 if seen == "in grey" else 0.12)


@pytest.mark.parametrize("theme", GROUNDS)
@pytest.mark.parametrize("look", LOOKS + NUMBERED, ids=lambda look: look.light)
def test_a_look_has_a_contrast_of_three_to_one_against_the_veil_on_either_page(look, theme):
    veil, page = (np.array([int(c[k : k + 2], 16) for k in (1, 3, 5)]) for c in (VEIL[0], GROUNDS[theme]["high"]))
    lowest = "#" + "".join(f"{round(part):02x}" for part in VEIL[1] * veil + (1 - VEIL[1]) * page)
    lighter, darker = sorted((luminance(getattr(look, theme)), luminance(lowest)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_numbered_curves_are_told_apart_without_colours():
    curves = [look for look in NUMBERED[:-1]]  # the last is for what is given
    assert len({(look.dash, look.marker) for look in curves}) == len(curves)


def test_a_label_or_a_run_names_the_method_whatever_its_number():
    loss = ravine(20)
    sgd, adam = (minimize(loss, loss.start, rule, 5) for rule in (SGD(0.05), Adam(0.1)))
    marks = [
        path(sgd, label="η = 0.05", color=3),
        loss_curve(sgd, color=3, panel=1),
        Curve([0, 1], [0, 1], label="Adam, best rate", color=3),
        path(adam, label="η = 0.1", color=1),
        Curve([0, 1], [0, 1], label="a bound", color=5),
    ]
    dressed = dress(marks)
    assert [mark.look for mark in dressed] == [0, 0, 4, 5, None]
    assert [mark.series for mark in dressed] == [0, 0, 1, 2, 3]


@pytest.mark.parametrize("theme", GROUNDS)
def test_lower_is_bluer(theme):
    low, high = (oklab(linear(GROUNDS[theme][name])) for name in ("low", "high"))
    assert low[2] < high[2] - 0.03  # the third axis goes from blue to yellow


def test_a_method_keeps_its_look_and_a_readers_own_gets_another():
    assert looks_of(["Adam", "SGD"]) == [4, 0]
    assert looks_of(["SGD", "Mine", "Other", "Third"]) == [0, 5, 6, 1]
    assert looks_of(["Adam", "Adam"]) == [4, 5]
    for part in ("dash", "marker", "light", "dark"):
        assert len({getattr(look, part) for look in LOOKS}) == len(LOOKS)
