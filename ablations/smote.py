"""SMOTE: do synthetic images for the rare styles raise the accuracy?

The study first brought every style to 400 images and reported 0.2238, then to 200 (level "on":
the same share of the largest style) and reported 0.2937, "although sometimes stayed at 0.27";
without SMOTE it had 0.2841. Level "auto", every style as large as the largest, it gave up for lack
of memory and time. Levels "copy" and "copy:auto" repeat images in place of blending them: is it the
blending that helps, or the number?
"""

from ablations.cli.question import question
from ablations.design.factors import Factor

FACTOR = Factor(
    "smote",
    ("off", "on"),
    phrase="SMOTE instead of none",
    claim="0.2937 with SMOTE to 200 images a style, 0.2841 without",
)

command = question("smote", __doc__, [FACTOR], example='-P factors="smote=off,on,400,auto,copy"')

if __name__ == "__main__":
    command()
