"""The configuration of one training: a frozen, validated record whose fields can be factors."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from wikiart.smote.spelling import check_level


class TrainingConfig(BaseModel):
    """Settings of one training. The defaults are those of the study's improved network.

    The study's first settings were ``conv_layers=1 dropout=0.01 learning_rate=0.01
    batch_size=32 epochs=20 image_size=416``.

    Raises
    ------
    pydantic.ValidationError
        A field has the wrong type, lies out of range, or is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    conv_layers: int = Field(3, ge=1, le=5, description="convolutions; 1 is the study's first network")
    dropout: float = Field(0.1, ge=0, lt=1, description="share dropped between the linear layers")
    smote: Annotated[str, BeforeValidator(str), AfterValidator(check_level)] = Field(
        "off",
        description="off, on, auto, images per class, or a .json or .yaml file of style: images; "
        "copy or copy:auto, copy:400, ... repeats images instead of blending them",
    )
    class_weights: Literal["none", "balanced", "effective"] = Field(
        "none", description="of the loss: none, balanced, or effective (number of samples, beta 0.999)"
    )
    validation: float = Field(
        0.0, ge=0, le=0.5, description="share of the training images that is kept for validation"
    )
    augment: Literal["none", "flip", "crop", "randaugment"] = Field(
        "none", description="none, flip, crop or randaugment: random changes of the images of each batch"
    )
    learning_rate: float = Field(0.001, gt=0, le=10, description="step size of the optimizer, Adam")
    batch_size: int = Field(16, ge=2, le=65536, description="images per step")
    epochs: int = Field(10, ge=1, le=100_000, description="passes over the training images")
    image_size: int = Field(64, ge=16, le=2048, description="side of the square images, in pixels")
    precision: Literal["float32", "tf32", "bf16"] = Field(
        "float32", description="float32; tf32 (on a GPU, else the same) or bf16 for what is multiplied"
    )
    seed: int = Field(0, ge=0, lt=2**32, description="of all random numbers")


_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def allowed_values(record: type[BaseModel], name: str) -> str:
    """Return a phrase that says which values a field may have: ``"integer, at least 1, at most 5 (...)"``."""
    schema = record.model_json_schema()["properties"][name]
    bounds = [f"{words} {schema[bound]}" for bound, words in _BOUNDS.items() if bound in schema]
    values = schema.get("enum", [schema["type"], *bounds])
    return f"{', '.join(values)} ({schema['description']})"
