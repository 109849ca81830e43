"""Imbalance: which remedy helps the rare styles, and does SMOTE do more than copying?

The study tried SMOTE against nothing and looked at the accuracy, which the frequent styles decide.
Here its synthetic images stand against mere copies of the rare styles' images, beside weights in
the loss, and beside a correction of the answers after training, which costs no training. Balanced
accuracy decides, in which every style weighs the same.
"""

from ablations.cli.question import question
from ablations.design.factors import PRIOR, Factor
from ablations.process.names import BALANCED_ACCURACY

CARD = [
    Factor("smote", ("copy", "off", "on"), phrase="SMOTE instead of copies", change=("copy", "on")),
    Factor("class_weights", ("none", "balanced"), phrase="Rare styles weighted up in the loss"),
    PRIOR,
]

command = question(
    "imbalance", __doc__, CARD, example="-P data=paintings -P seeds=5", metric=BALANCED_ACCURACY
)

if __name__ == "__main__":
    command()
