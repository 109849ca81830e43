"""SMOTE: do synthetic paintings for the rare styles raise the accuracy?

The study brought every style to 400 images, then to 200 in the end (level "on": the same
share of the largest style), and reported 0.2238 and 0.2937, "although sometimes stayed at
0.27", against 0.2841 without. Level "auto", every style to the largest, it gave up for want
of memory and time.
"""

from ablations.cli.question import question
from ablations.design.factors import Factor

FACTOR = Factor(
    "smote",
    ("off", "on"),
    phrase="SMOTE instead of none",
    claim="0.2937 with SMOTE to 200 images a style, 0.2841 without",
)

command = question("smote", __doc__, [FACTOR], example='-P factors="smote=off,on,400,auto"')

if __name__ == "__main__":
    command()
