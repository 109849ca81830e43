"""What the commands of the suite add to every command: wikiart's errors are for the user."""

from functools import partial

from ablations.process import commands
from wikiart.errors import DataError

command = partial(commands.command, expected=(DataError,))
