"""What can be done with a trained network: ``python -m wikiart predict``.

Nothing imports this file. It is a door, so it may know what lies above the package: networks are
fetched from MLflow, of which the package itself knows nothing.
"""

import click

from ablations import interrupts
from ablations.console import COMPLETE
from ablations.predict import command as predict


@click.group(commands={"predict": predict})
def main() -> None:
    """What can be done with a trained network."""


if __name__ == "__main__":
    interrupts.leave_at_once("stopped")  # nothing is written that needs an end
    main(prog_name="python -m wikiart", complete_var=COMPLETE)
