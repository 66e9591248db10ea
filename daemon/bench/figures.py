"""Medians and spread of many runs, as a table and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from daemon.bench.job import Result

Runs = Mapping[str, Sequence[Result]]
MIB = 1024 * 1024


def summary(runs: Runs) -> dict[str, Any]:
    """Every contestant's figures, and ours against each other one as ratios of the same round."""
    figures = {name: _figures(results) for name, results in runs.items() if results}
    return {"machine": machine(), "figures": figures, "ratios": ratios(runs)}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}


def ratios(runs: Runs) -> dict[str, dict[str, float]]:
    """Our rate and processor time against another's, round by round, as medians."""
    ours = runs.get("acuse", ())
    return {
        name: {
            "rate": _median([a.rate / b.rate for a, b in zip(ours, results, strict=False)]),
            "cpu": _median([a.cpu_ms / b.cpu_ms for a, b in zip(ours, results, strict=False)]),
        }
        for name, results in runs.items()
        if name != "acuse" and results and ours
    }


def table(found: Mapping[str, Any]) -> str:
    """The summary for a terminal."""
    head = f"{'':28}{'mails/s':>20}{'CPU ms a mail':>22}{'memory MiB':>12}"
    lines = [f"{found['machine']['cores']} cores, Python {found['machine']['python']}", head]
    for name, figures in found["figures"].items():
        rate, cpu = figures["rate"], figures["cpu_ms"]
        lines.append(
            f"{name:28}{rate['median']:8.0f} ({rate['min']:.0f}-{rate['max']:.0f})".ljust(48)
            + f"{cpu['median']:9.2f} ({cpu['min']:.2f}-{cpu['max']:.2f})".ljust(24)
            + f"{figures['memory_mib']['median']:8.0f}"
        )
    lines += [
        f"servers beside {name}, CPU ms a mail: {', '.join(f'{server} {ms:.2f}' for server, ms in used.items() if ms)}"
        for name, figures in found["figures"].items()
        if (used := figures.get("servers_cpu_ms"))
    ]
    lines += [
        f"acuse against {name}: {ratio['rate']:.2f} of its mails/s, {ratio['cpu']:.2f} of its CPU a mail"
        for name, ratio in found["ratios"].items()
    ]
    return "\n".join(lines)


def _figures(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "runs": len(results),
        "mails": results[0].mails,
        "letters": results[0].letters,
        "rate": spread([each.rate for each in results]),
        "cpu_ms": spread([each.cpu_ms for each in results]),
        "memory_mib": spread([each.usage.memory / MIB for each in results]),
        "servers_cpu_ms": {
            name: _median([each.servers[name] * 1000 / each.mails for each in results]) for name in results[0].servers
        },
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": _median(values), "min": round(min(values), 3), "max": round(max(values), 3)}


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)
