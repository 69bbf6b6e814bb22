"""Figures in the text format that Prometheus reads, version 0.0.4, for a node exporter's textfile collector.

Source: prometheus.io, "Exposition formats" (text-based format): HELP and TYPE before a metric's samples, all of one
metric together, labels in quotes with backslash, quote and line end escaped, one line end after the last sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Sample:
    """One value of a metric, with its labels."""

    value: int | float | Decimal
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """A metric: its name, what it says (a sentence), and its samples. All of ours are gauges: they tell one night."""

    name: str
    says: str
    samples: Sequence[Sample]


def metrics_text(metrics: Sequence[Metric]) -> bytes:
    """The file as UTF-8; a metric without samples is left out."""
    lines: list[str] = []
    for metric in metrics:
        if metric.samples:
            lines += [f"# HELP {metric.name} {_escaped(metric.says)}", f"# TYPE {metric.name} gauge"]
            lines += [f"{metric.name}{_labels(one.labels)} {_value(one.value)}" for one in metric.samples]
    return ("\n".join(lines) + "\n").encode("utf-8") if lines else b""


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


def _value(value: int | float | Decimal) -> str:
    return f"{value:d}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else f"{value}"
