"""All questions together: every combination of the four settings that the study changed.

Class order mixed or sorted, one or three convolutions, dropout 0.01 or 0.1, without or with SMOTE:
16 cells per seed, from 8 trainings, since both class orders are evaluated on the same weights.
"""

from ablations import class_order, conv_layers, dropout, smote
from ablations.cli.question import question

CARD = [class_order.FACTOR, conv_layers.FACTOR, dropout.FACTOR, smote.FACTOR]

command = question("ablate", __doc__, CARD, example="-P data=paintings -P until=2.5")

if __name__ == "__main__":
    command()
