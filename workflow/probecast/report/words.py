"""How the report spells numbers, costs and names."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from probecast.evaluation.headline import percent

ROLE_LABELS = {
    "predicted": "probecast (predicted)",
    "grid": "grid search",
    "random": "random search",
    "portfolio": "portfolio",
    "best_average": "best on average",
    "default": "default",
}
METRIC_LABELS = {
    "accuracy": "accuracy",
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "wer": "word error rate",
    "cer": "character error rate",
}
MISSING = "–"


def role_label(role: str, sampled: bool, chosen_from: int | None = None) -> str:
    """Spell a role, and from how many it chose; a sampled sweep is never called grid search."""
    label = "sampled reference" if role == "grid" and sampled else ROLE_LABELS[role]
    return f"{label}, of {chosen_from:,}" if chosen_from and role != "default" else label


def span(counts: Iterable[float]) -> str:
    """Spell the range of some counts: ``24``, ``12 to 24``."""
    low, high = min(counts := list(counts)), max(counts)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def signed(value: float | None) -> str:
    """Spell a share of 1 that may be a gain or a loss: ``+4.2 %``."""
    return share(value) if pd.isna(value) or value <= 0 else f"+{share(value)}"


def metric_label(metric: str) -> str:
    """Spell a metric's name; one that the report does not know keeps its own."""
    return METRIC_LABELS.get(metric, metric)


def number(value: float | None) -> str:
    """Spell a measured number with three digits that count: ``0.934``, ``12.3``, ``1,234``."""
    if pd.isna(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value + 0.0:{_format(value)}}".replace("-", "−")  # no -0


def with_error(mean: float, error: float | None) -> str:
    """Spell a mean with its standard error to the same decimals: ``0.934 ± 0.004``."""
    if pd.isna(error):
        return number(mean)
    return f"{number(mean)} ± {error:{_format(mean)}}"


def _format(value: float) -> str:
    """Three digits that count, but at least three decimals of what lies between 0 and 1."""
    if 0.01 <= abs(value) < 1 or value == 0:
        return ".3f"
    if 1 <= abs(value) < 1e6:
        return f",.{max(0, 2 - int(math.log10(abs(value))))}f"
    return ".3g" if 1e-4 <= abs(value) < 0.01 else ".2e"


def count(value: float | None) -> str:
    """Spell a count that may be a mean: ``24``, ``1.8``, ``1,944``."""
    if pd.isna(value):
        return MISSING
    return f"{value:,.0f}" if float(value).is_integer() or value >= 100 else f"{value:.1f}"


def share(value: float | None) -> str:
    """Spell a share of 1 in percent: ``4.2 %``."""
    if pd.isna(value):
        return MISSING
    return ("−" if value < 0 else "") + percent(abs(value)) if math.isfinite(value) else "∞"


def duration(seconds: float | None) -> str:
    """Spell core time: ``0.42 s``, ``75 s``, ``12.5 min``, ``2.1 h``."""
    if pd.isna(seconds):
        return MISSING
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 6000:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h" if seconds < 3.6e6 else f"{seconds / 3600:,.0f} h"


def flops(value: float | None) -> str:
    """Spell floating-point operations with a prefix: ``1.23 TFLOP``."""
    if pd.isna(value):
        return MISSING
    for size, prefix in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")):
        if value >= size:
            return f"{value / size:.3g} {prefix}FLOP"
    return f"{value:,.0f} FLOP"


def hyperparameter(name: str) -> str:
    """Spell a hyperparameter's name: ``learning rate``."""
    return name.replace("_", " ")


def tuner_label(name: str) -> str:
    """Spell a tuner's name: ``halving portfolio``."""
    return name.replace("_", " ")


def configuration(values: dict[str, Any]) -> str:
    """Spell a configuration on one line: ``learning rate 0.001, optimizer Adam``."""
    return ", ".join(f"{hyperparameter(name)} {value}" for name, value in values.items())


def flatten(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Turn nested settings into (dotted name, text) pairs, in order; what is None is left out."""
    if isinstance(value, dict):
        items = [(f"{name}.{key}" if name else str(key), item) for key, item in value.items()]
        return [pair for key, item in items for pair in flatten(item, key)]
    if isinstance(value, list | tuple):
        if any(isinstance(item, dict | list | tuple) for item in value):
            return [p for i, item in enumerate(value) for p in flatten(item, f"{name}.{i}")]
        return [(name, ", ".join(map(str, value)))]
    return [] if value is None else [(name, str(value))]
