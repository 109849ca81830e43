"""Convolutions: do three in place of one raise the accuracy?

The study started from a single convolution (one output channel, no activation). It replaced it
by three with batch normalisation and ReLU, together with dropout 0.1, and reported 0.2841 on
sorted classes without SMOTE.
"""

from ablations.cli.question import question
from ablations.design.factors import Factor

FACTOR = Factor(
    "conv_layers",
    (1, 3),
    phrase="Three convolutions instead of one",
    claim="three convolutions with dropout 0.1 reached 0.2841",
)

command = question("conv_layers", __doc__, [FACTOR], example='-P factors="conv_layers=1,2,3"')

if __name__ == "__main__":
    command()
