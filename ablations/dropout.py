"""Dropout: is 0.1 between the linear layers better than 0.01?

The study changed dropout from 0.01 to 0.1 in the same step as from one convolution to three, and
so reported no accuracy for dropout alone.
"""

from ablations.cli.question import question
from ablations.design.factors import Factor

FACTOR = Factor(
    "dropout",
    (0.01, 0.1),
    phrase="Dropout 0.1 instead of 0.01",
    claim="changed together with the convolutions, no figure of its own",
)

command = question("dropout", __doc__, [FACTOR], example='-P factors="dropout=0.01,0.1,0.3"')

if __name__ == "__main__":
    command()
