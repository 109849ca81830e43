"""Artifacts that suites log as JSON, read and checked: another server may hold anything under their names."""

import json
from typing import Any, Literal, NotRequired

import mlflow
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ablations.process.errors import UserError, first_line


class _Factor(TypedDict):
    name: str
    levels: list[str]
    stage: Literal["train", "evaluate"]
    title: NotRequired[str]
    words: NotRequired[list[str]]
    change: NotRequired[list[str]]
    phrase: NotRequired[str]
    claim: NotRequired[str]


class _Run(TypedDict):
    cell: str
    levels: dict[str, str]
    seed: int
    fingerprint: str


class _Style(TypedDict):
    style: str
    train: int
    test: int


class _Data(TypedDict):
    styles: list[_Style]
    majority_style: str
    majority_accuracy: float
    kind: NotRequired[Literal["generated", "WikiArt", "other"]]
    folder: NotRequired[str]
    layout: NotRequired[str]
    image_sizes: NotRequired[list[int]]
    resize: NotRequired[str]


class _Machine(TypedDict, total=False):
    device: str
    processor: str
    gpu: str
    cores: int | None
    nodes: int


class _Design(TypedDict):
    question: str
    design: str
    factors: list[_Factor]
    base: dict[str, str]
    runs: list[_Run]
    data: _Data
    until: NotRequired[float]
    machine: NotRequired[_Machine]
    versions: NotRequired[dict[str, str]]


class _Items(TypedDict):
    columns: tuple[Literal["path"], Literal["truth"], Literal["prediction"]]
    data: list[tuple[str, str, str]]


DESIGN, ITEMS = TypeAdapter(_Design), TypeAdapter(_Items)


class BadArtifact(UserError):
    """An artifact does not hold what a suite writes there."""


def load(uri: str, content: TypeAdapter) -> Any:
    """Read an artifact.

    Parameters
    ----------
    uri : str
        Where it lies.
    content : TypeAdapter
        ``DESIGN`` or ``ITEMS``; entries beyond it are kept.

    Raises
    ------
    BadArtifact
        It is no JSON, has another shape, or holds text that cannot be encoded (halves of surrogate pairs).
    mlflow.MlflowException
        There is no such artifact.
    """
    try:
        value = json.loads(mlflow.artifacts.load_text(uri))
        json.dumps(value, ensure_ascii=False).encode()
        content.validate_python(value)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = "/".join(map(str, problem["loc"]))
        raise BadArtifact(f"{uri} is not as a suite writes it: {where}: {problem['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise BadArtifact(f"{uri} is not as a suite writes it: {first_line(error)}") from error
    return value
