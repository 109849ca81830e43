"""How precisely the main effects of a suite are known so far, and how many seeds will be needed."""

import json
import math
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from ablations.process.errors import UserError
from ablations.process.wording import count
from ablations.suite.report import results_program
from ablations.tracking.destination import Destination


@dataclass(frozen=True)
class Precision:
    """Half-widths of the intervals of the main effects on new images."""

    half_widths: Mapping[str, float]  #: by effect, in points; NaN with one seed
    enough: bool  #: every one is as narrow as wanted, or nearly as narrow as the test images allow
    seeds: float  #: expected number of seeds with which they will be; NaN: unknown

    def describe(self, present: int, until: float, most: int) -> str:
        """Describe the widths with the ``present`` number of seeds, and when no more seeds are added."""
        unknown = "unknown with one seed"
        widths = ", ".join(
            f"{effect} {unknown if math.isnan(width) else f'± {width:.1f}'}"
            for effect, width in self.half_widths.items()
        )
        if self.enough:
            then = "that is enough; one more seed makes up for having stopped at a favourable one"
        elif math.isnan(self.seeds):
            then = f"how many seeds ± {until:g} takes cannot be told yet"
        else:
            then = f"± {until:g}, or what the test images allow, takes about {self.seeds + 1:.0f} seeds"
            then += f", but max_seeds={most}" if self.seeds + 1 > most else ""
        return f"{count(present, 'seed')}: effects known to {widths} points; {then}"


def measure(destination: Destination, until: float) -> Precision:
    """Measure the precision of a suite's main effects with ``results/precision.py``, in its own process.

    Raises
    ------
    UserError
        The program failed; it has printed why.
    """
    options = ["--suite", destination.parent_id, "--until", str(until)]
    done = results_program("precision.py", options, destination, stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise UserError(
            "the widths of the intervals are unknown, see above; the same command goes on from here"
        )
    rows = json.loads(done.stdout)
    half_widths = {f"{row['factor']}={row['level']}": float(row["half_width"]) for row in rows}
    seeds = [float(row["seeds"]) for row in rows]
    unknown = any(map(math.isnan, seeds))
    return Precision(half_widths, all(row["enough"] for row in rows), math.nan if unknown else max(seeds))
