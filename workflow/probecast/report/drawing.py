"""How matplotlib figures become part of the page: style, palette, inline SVG.

Text and axes are drawn in a placeholder colour that becomes ``currentColor``, so that the
page's light and dark themes decide. The palette (Okabe and Ito, jfly.uni-koeln.de/color)
is told apart with every kind of colour vision, and its members used here stand out on
white and on black at 3:1 or more; line styles and markers differ as well.
"""

import io
import re
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import cycle

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from probecast.trials import TaskInfo

WIDTH = 4.8  # inches, labels included: text stays readable when a phone shrinks the figure
PAD = 0.1  # inches, around a figure
INK = "#010203"  # becomes currentColor
SIDES = ("width", "height")
MARGIN = 12  # points, around a figure in a file of its own
FONTS = "'DejaVu Sans', Verdana, sans-serif"  # the first two are equally wide
SHEET, SHEET_INK = "#ffffff", "#1b1f24"  # of a figure in a file of its own
GREY = "#7f7f7f"
STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "font.size": 10,
    "font.family": "DejaVu Sans",  # comes with matplotlib; the page sets its own
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "text.parse_math": False,  # a name with a dollar sign is a name
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "probecast",
}
style = mpl.rc_context(STYLE)
"""Decorator: a function that draws in the report's style."""


@dataclass(frozen=True)
class Line:
    """How one method looks in every figure."""

    color: str
    marker: str
    linestyle: str = "-"


METHODS = {
    "probecast": Line("#0072B2", "o"),
    "grid": Line(INK, "s"),
    "random": Line("#D55E00", "^"),
    "portfolio": Line("#009E73", "D"),
    "best_average": Line("#CC79A7", "v"),
    "default": Line(GREY, "X"),
    "tpe": Line("#D55E00", ">", "--"),
    "one_epoch": Line("#D55E00", "v", ":"),
    "nearest": Line("#CC79A7", "<", "--"),
    "empirical_gp": Line("#009E73", "P", "--"),
    "halving": Line(GREY, "p", "--"),
    "halving_portfolio": Line("#009E73", "h", ":"),
    "deep_kernel_gp": Line("#E69F00", "^", "-."),
    "zero_shot": Line("#E69F00", "D"),
    "bounding_box": Line("#E69F00", "s", "--"),
    "quantile": Line("#E69F00", "o", ":"),
}
METHODS["predicted"] = METHODS["probecast"]


UNKNOWN = [Line(GREY, marker, ":") for marker in ("d", "*", "X", "H", "8", "1")]


def line_of(method: str) -> Line:
    """Return how a method looks; one that the report does not know is dotted grey."""
    return METHODS.get(method, UNKNOWN[0])


def lines_of(methods: Collection[str]) -> dict[str, Line]:
    """Return how methods look together; those unknown to the report differ by their markers."""
    known = {method: METHODS[method] for method in methods if method in METHODS}
    unknown = sorted(set(methods) - set(METHODS))
    return known | dict(zip(unknown, cycle(UNKNOWN), strict=False))


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes:
        title: what it shows.
        caption: how to read it; also read out in place of the picture.
        svg: the inline SVG element.
    """

    title: str
    caption: str
    svg: Markup


def picture(figure: Figure, name: str, title: str, caption: str) -> Picture:
    """Turn a matplotlib figure into an inline SVG with unique ids and alternative text.

    Args:
        figure: the drawn figure; call within ``style``.
        name: prefix of the SVG's ids, unique on the page.
        title: the figure's title.
        caption: how to read it.
    """
    _fit(figure)
    # Measured here: savefig would draw the figure once more to do so.
    box = figure.get_tightbbox().padded(PAD)
    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", bbox_inches=box, metadata=no_metadata)
    svg = buffer.getvalue()
    prefix = re.sub(r"[^a-z0-9_]", "-", name.lower())

    def adapt(tag: re.Match[str]) -> str:
        own_ids = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", tag[0])
        return own_ids.replace(INK, "currentColor")

    svg = re.sub("<[^>]*>", adapt, svg[svg.index("<svg") :])  # what is drawn as text stays
    label = escape(f"{title}. {caption}")
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return Picture(title, caption, Markup(svg))


def with_rows(labels: Sequence[str], inches: float = 0.36) -> tuple[Figure, Axes]:
    """Return a figure with one row per label, the first on top, and its axes.

    Args:
        labels: what is written beside the rows.
        inches: height of a row.
    """
    figure = Figure(figsize=(WIDTH, inches * len(labels) + 0.9))
    axes = figure.subplots()
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    return figure, axes


def mark(axes: Axes, row: int, values: np.ndarray, middle: float, look: Line) -> None:
    """Draw one mark per value, spread over the height of a row, and an upright bar."""
    spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(len(values))
    style = {"color": look.color, "marker": look.marker, "alpha": 0.6, "linewidth": 0}
    axes.scatter(values, row + spread, **style)
    axes.plot([middle, middle], [row - 0.34, row + 0.34], color=look.color, linewidth=2.5)


def _fit(figure: Figure) -> None:
    """Give or take the axes what labels beside them leave of ``WIDTH``, so that all are alike."""
    FigureCanvasAgg(figure)  # measures text
    beside = figure.get_tightbbox().width - WIDTH
    axes = max(axes.get_position().width for axes in figure.axes)
    figure.set_figwidth(max(figure.get_figwidth() - beside / axes, WIDTH / 2))


def sheet(shown: Picture) -> str:
    """Return a picture as an SVG file of its own: on white, between its title and caption.

    Args:
        shown: what the page would show; its words become text in the file.
    """
    inner = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', str(shown.svg), count=2)
    inner = inner.replace("'DejaVu Sans'", FONTS)
    width, height = (float(re.search(rf'{side}="([\d.]+)"', inner)[1]) for side in SIDES)
    top = MARGIN + 22
    full_width = max(width, 8.5 * len(shown.title)) + 2 * MARGIN  # points per bold letter
    # 4.9 points per letter, on average; a number stays with its unit.
    lines = textwrap.wrap(shown.caption.replace(" %", "\N{NO-BREAK SPACE}%"), int(width / 4.9))
    below = top + height + 20
    caption = "\n".join(
        f'<tspan x="{MARGIN}" y="{below + 13 * row:g}">{escape(line)}</tspan>'
        for row, line in enumerate(lines)
    )
    full_height = below + 13 * len(lines)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{full_width:g}pt" height="{full_height:g}pt"
 viewBox="0 0 {full_width:g} {full_height:g}" color="{SHEET_INK}" fill="currentColor">
<rect width="100%" height="100%" fill="{SHEET}"/>
<text x="{MARGIN}" y="{MARGIN + 12}" style="font: bold 12px {FONTS}">{escape(shown.title)}</text>
<svg x="{MARGIN}" y="{top}" {inner.removeprefix("<svg ")}
<text style="font: 9px {FONTS}">
{caption}
</text>
</svg>
"""


def worst_shown(measured: np.ndarray, info: TaskInfo, floor: float) -> float:
    """The trivial predictor's metric; or nearly the worst, where most do not come near that.

    Args:
        measured: what decides, NaN allowed.
        info: the task, for the metric's direction.
        floor: the trivial predictor's value.
    """
    finite = measured[np.isfinite(measured)]
    if not finite.size or info.sign * (np.median(finite) - floor) >= 0:
        return floor
    return float(np.quantile(finite, 0.1 if info.higher_is_better else 0.9))


def limits(values: np.ndarray, info: TaskInfo, floor: float) -> tuple[float, float]:
    """Return axis limits that hold the metric's values, ending a little beyond the floor.

    A diverging trial's error may be a million times the trivial predictor's; it must not
    press everything else into one line.

    Args:
        values: what is drawn, NaN allowed.
        info: the task, for the metric's direction.
        floor: the trivial predictor's value.
    """
    # With the sign turned, larger is better for every metric.
    sign = info.sign
    signed = sign * values[np.isfinite(values)]
    best = signed.max(initial=sign * floor)
    beyond = sign * floor - 0.1 * (best - sign * floor)
    worst = max(signed.min(initial=best), beyond)
    margin = 0.06 * (best - worst) or 0.05 * abs(best) or 0.05
    low, high = sorted((sign * (best + margin), sign * (worst - margin)))
    return low, high
