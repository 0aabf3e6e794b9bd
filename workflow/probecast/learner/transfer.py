"""What of a target's hyperparameters the sources can judge, and what not, said plainly."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from probecast.encoding import Encoding, Hyperparameter
from probecast.space import Configuration, Value


@dataclass(frozen=True)
class Transfer:
    """How a target's space meets that of the sources.

    Attributes:
        scales: of the matched hyperparameters: ``log``, ``linear`` or ``names``, the scale on
            which their values are compared with those of the sources.
        reasons: why each of the others is not matched.
        outside: of the matched, what the sources have not tried.
    """

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
        return cls(scales, reasons, outside)

    @property
    def summary(self) -> str:
        """All in one sentence."""
        if not self.scales:
            return (
                f"nothing was transferred: the sources cannot judge {', '.join(self.reasons)}; "
                "the recommendation rests on the probes alone"
            )
        parts = {
            "matched": self.scales,
            "not matched": self.reasons,
            "beyond what the sources have tried": self.outside,
        }
        return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"summary": self.summary, **asdict(self)}


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
