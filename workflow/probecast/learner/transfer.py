"""What of a target's hyperparameters the sources can judge, and what not, said plainly."""

from collections.abc import Sequence

from probecast.encoding import Encoding, Hyperparameter
from probecast.files import Record
from probecast.space import Configuration, Value


class Transfer(Record):
    """How a target's space meets that of the sources.

    Attributes:
        summary: all of what follows in one sentence.
        scales: of the matched hyperparameters: the sources' scale on which their values are
            compared, ``log``, ``linear`` or ``names``.
        reasons: why each of the others is not matched: no source has it; names here and numbers
            there; numbers that a logarithm cannot take, or far from all that the sources have
            tried (percent for shares).
        outside: of the matched, values that no source has tried, a number beyond their range or
            a name they lack; and what they have tried.
    """

    summary: str
    scales: dict[str, str]
    reasons: dict[str, str]
    outside: dict[str, str]

    @classmethod
    def between(cls, encoding: Encoding, configurations: Sequence[Configuration]) -> "Transfer":
        """Compare what the sources hold with a target's candidates."""
        known = {h.name: h for h in encoding.hyperparameters}
        matched = set(encoding.matched(configurations))
        scales, reasons, outside = {}, {}, {}
        for name in dict.fromkeys(name for c in configurations for name in c):
            values = list({c[name]: None for c in configurations if name in c})
            if name not in matched:
                reasons[name] = _reason(known.get(name), values)
                continue
            scales[name] = known[name].scale
            if strange := [value for value in values if not known[name].inside(value)]:
                outside[name] = f"{_spelt(strange)}; the sources: {_spelt(known[name].seen)}"
        return cls(
            summary=_summary(scales, reasons, outside),
            scales=scales,
            reasons=reasons,
            outside=outside,
        )


def _summary(scales: dict[str, str], reasons: dict[str, str], outside: dict[str, str]) -> str:
    if not scales:
        return (
            f"nothing was transferred: the sources cannot judge {', '.join(reasons)}; "
            "the recommendation rests on the probes alone"
        )
    parts = {
        "matched": scales,
        "not matched": reasons,
        "beyond what the sources have tried": outside,
    }
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)


def _reason(source: Hyperparameter | None, values: Sequence[Value]) -> str:
    if source is None:
        return "no source has it"
    seen = _spelt(source.seen)
    if not any(source.fits(value) for value in values):
        return f"{_spelt(values)} here, but the sources have {seen} ({source.scale})"
    return f"{_spelt(values)} here, too far from what the sources have tried: {seen}"


def _spelt(values: Sequence[Value]) -> str:
    """Spell numbers by their bounds, and names one by one."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        low, high = min(values), max(values)
        return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    return ", ".join(map(str, values))
