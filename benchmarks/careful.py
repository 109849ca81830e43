"""The factorial as a careful user would script it today; started by benchmarks/suite.py.

    python benchmarks/careful.py FOLDER --factors "conv_layers=1,3 smote=off,on" [--epochs 10]

One process. Images are decoded once and kept as uint8; a DataLoader converts each batch to float32.
SMOTE is imbalanced-learn's, on float32 pixels. The networks are the study's, in the memory format
channels last, which is faster on a CPU; torch.compile is not used, because compiling takes longer than
these trainings. One training serves both class orders. Nested MLflow runs hold parameters, learning
curves, accuracies, the predictions and the model.
"""

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import torch
from imblearn.over_sampling import SMOTE
from study import network
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.io import read_image

BASE = {"class_order": "sorted", "conv_layers": "3", "dropout": "0.1", "smote": "off"}
TEST_BATCH = 64


def read_split(root: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Decode a split: uint8 (n, 3, size, size), and the number of each image's style, int64 (n,)."""
    styles = sorted(folder.name for folder in root.iterdir())
    files = sorted(root.glob("*/*.jpg"))
    labels = [styles.index(file.parent.name) for file in files]
    return torch.stack([read_image(str(file)) for file in files]), torch.tensor(labels)


def resample(images: torch.Tensor, labels: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Add SMOTE samples up to the study's final threshold; float32 images."""
    counts = torch.bincount(labels)
    threshold = round(200 / 2269 * int(counts.max()))
    strategy = {style: max(int(count), threshold) for style, count in enumerate(counts)}
    sampler = SMOTE(sampling_strategy=strategy, random_state=seed)
    pixels, classes = sampler.fit_resample(images.flatten(1).numpy().astype(np.float32), labels.numpy())
    return torch.from_numpy(pixels).view(-1, *images.shape[1:]), torch.from_numpy(classes)


def train(
    images: torch.Tensor, labels: torch.Tensor, levels: dict[str, str], epochs: int
) -> tuple[nn.Sequential, list[dict[str, float]]]:
    """Train one network; return it and the learning curve, one dictionary of metrics per epoch."""
    torch.manual_seed(0)
    model = network(int(levels["conv_layers"]), float(levels["dropout"]), int(labels.max()) + 1)
    model(images[:2].float())  # creates the lazy layers
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    loader = DataLoader(
        TensorDataset(images, labels), batch_size=16, shuffle=True, drop_last=len(labels) % 16 == 1
    )
    curve = []
    for _ in range(epochs):
        loss_sum = right = 0.0
        for pixels, target in loader:
            outputs = model(pixels.float().contiguous(memory_format=torch.channels_last))
            loss = nn.functional.nll_loss(outputs, target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(target)
            right += (outputs.argmax(1) == target).sum().item()
        curve.append({"train/loss": loss_sum / len(labels), "train/accuracy": right / len(labels)})
    return model.eval(), curve


def predict(model: nn.Sequential, images: torch.Tensor) -> torch.Tensor:
    """Return the most probable style of each image, int64 (n,)."""
    with torch.inference_mode():
        batches = images.split(TEST_BATCH)
        return torch.cat([model(batch.float()).argmax(1) for batch in batches])


def log_cell(
    levels: dict[str, str],
    curve: list[dict[str, float]],
    model: nn.Sequential,
    labels: torch.Tensor,
    answers: torch.Tensor,
) -> None:
    """Log a cell as a nested run."""
    if levels["class_order"] == "unsorted":
        answers = torch.randperm(int(labels.max()) + 1)[answers]
    with mlflow.start_run(nested=True):
        mlflow.log_params(levels)
        for epoch, metrics in enumerate(curve, 1):
            mlflow.log_metrics(metrics, step=epoch)
        right = (answers == labels).double()
        recalls = {
            f"test_class/{style}": right[labels == style].mean().item() for style in labels.unique().tolist()
        }
        mlflow.log_metrics({"test/accuracy": right.mean().item(), **recalls})
        table = pd.DataFrame({"truth": labels.numpy(), "prediction": answers.numpy()})
        mlflow.log_table(table, "items.json")
        mlflow.pytorch.log_model(
            model, name="model", pip_requirements=["torch"], serialization_format="pickle"
        )


def cells(text: str) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Yield the levels of each training, and the class orders that are read from it."""
    factors = dict(word.split("=") for word in text.split())
    orders = factors.pop("class_order", BASE["class_order"]).split(",")
    for levels in product(*(values.split(",") for values in factors.values())):
        yield {**BASE, **dict(zip(factors, levels, strict=True))}, orders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--factors", required=True)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    real = read_split(options.folder / "train")
    test_images, test_labels = read_split(options.folder / "test")
    with mlflow.start_run():
        for levels, orders in cells(options.factors):
            images, labels = resample(*real, seed=0) if levels["smote"] == "on" else real
            model, curve = train(images, labels, levels, options.epochs)
            answers = predict(model, test_images)
            for order in orders:
                log_cell({**levels, "class_order": order}, curve, model, test_labels, answers)


if __name__ == "__main__":
    main()
