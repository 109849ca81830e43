"""How the outputs of a trained network are read: a frozen, validated record whose fields can be factors.

A setting belongs here if it acts on the outputs alone: then one training serves all its levels.
`evaluation` applies it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Reading(BaseModel):
    """Settings of a reading. The defaults are those of the study's improved network.

    Raises
    ------
    pydantic.ValidationError
        A field has a value that is not allowed, or is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    class_order: Literal["unsorted", "sorted"] = Field(
        "sorted", description="whether training and testing number the styles alike"
    )
    prior: Literal["train", "uniform"] = Field(
        "train", description="how frequent the styles are taken to be: as in training, or all alike"
    )
