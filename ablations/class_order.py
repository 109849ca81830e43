"""Class order: does it matter whether training and testing number the styles alike?

In the study, the training and the test data set each numbered their classes in the order of a
Python set of folder names. This order changes with every process, and training and testing ran in
two processes. Sorting the names "already improved the multiclass accuracy by 11 %".

The class order does not affect training: both levels are evaluated on the same weights.
"""

from ablations.cli.question import question
from ablations.design.factors import Factor

FACTOR = Factor(
    "class_order",
    ("unsorted", "sorted"),
    phrase="Class names sorted instead of mixed",
    claim="sorting the names improved the accuracy by 11 points",
)

command = question("class_order", __doc__, [FACTOR], example="-P seeds=10")

if __name__ == "__main__":
    command()
