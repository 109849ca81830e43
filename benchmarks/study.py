"""One cell computed like the study did, written from its description; started by benchmarks/suite.py.

    python benchmarks/study.py FOLDER --conv-layers 3 --dropout 0.1 --smote on [--class-order unsorted]

Images are decoded with torchvision and kept as float32 in a dictionary; SMOTE is dense; the DataLoader has no
workers; the activation comes before the pool; the test reads the weights from their file and uses batches of
one image. Prints one line of JSON: images trained, seconds without the imports, accuracy.
"""

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from imblearn.over_sampling import SMOTE
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.io import read_image


class Images(Dataset):
    """A split in memory: path below the split -> float32 (3, size, size), and the number of its style."""

    def __init__(self, root: Path, class_order: str):
        styles = sorted(folder.name for folder in root.iterdir())
        if class_order == "unsorted":
            random.shuffle(styles)  # like the order of a Python set, which differs between processes
        files = sorted(root.glob("*/*.jpg"))
        self.pixels = {str(path.relative_to(root)): read_image(str(path)).float() for path in files}
        self.labels = {name: styles.index(Path(name).parent.name) for name in self.pixels}
        self.names = list(self.pixels)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        name = self.names[index]
        return self.pixels[name], self.labels[name]


class Resampled(Dataset):
    """A split with dense SMOTE samples: at least the threshold's number of images of every style."""

    def __init__(self, images: Images):
        labels = np.array([images.labels[name] for name in images.names])
        counts = np.bincount(labels)
        threshold = round(200 / 2269 * counts.max())
        strategy = {style: max(int(count), threshold) for style, count in enumerate(counts)}
        shape = images[0][0].shape
        flat = np.stack([image.numpy().ravel() for image in images.pixels.values()])
        flat, labels = SMOTE(sampling_strategy=strategy, random_state=42).fit_resample(flat, labels)
        self.pixels = torch.tensor(flat).view(-1, *shape)
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.pixels[index], int(self.labels[index])


def network(conv_layers: int, dropout: float, classes: int) -> nn.Sequential:
    """Create one of the study's networks; the width of the flattened maps follows from the first batch."""
    if conv_layers == 1:
        features = [nn.Conv2d(3, 1, 2, padding=2), nn.MaxPool2d(4, padding=2), nn.Flatten()]
        features += [nn.LazyBatchNorm1d()]
    else:
        features = []
        for before, after in ((3, 16), (16, 32), (32, 64)):
            features += [nn.Conv2d(before, after, 2, padding=2), nn.BatchNorm2d(after), nn.ReLU()]
            features += [nn.MaxPool2d(4, padding=2)]
        features += [nn.Flatten()]
    head = [nn.LazyLinear(300), nn.Dropout(dropout), nn.ReLU(), nn.Linear(300, classes)]
    return nn.Sequential(*features, *head, nn.LogSoftmax(dim=1))


def train(options: argparse.Namespace, weights: Path) -> int:
    """Train and write the weights; return the number of images trained on, over all epochs."""
    real = Images(options.folder / "train", options.class_order)
    data = Resampled(real) if options.smote == "on" else real
    model = network(options.conv_layers, options.dropout, len(set(real.labels.values())))
    loader = DataLoader(
        data, batch_size=options.batch, shuffle=True, drop_last=len(data) % options.batch == 1
    )
    model(torch.stack([real[0][0], real[1][0]]))
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    loss_function = nn.NLLLoss()
    for _ in range(options.epochs):
        for pixels, labels in loader:
            optimizer.zero_grad()
            loss_function(model(pixels), labels).backward()
            optimizer.step()
    torch.save(model, weights)
    return options.epochs * len(data)


def test(options: argparse.Namespace, weights: Path) -> float:
    model = torch.load(weights, weights_only=False).eval()
    data = Images(options.folder / "test", options.class_order)
    with torch.no_grad():
        right = [
            bool((model(pixels).argmax(1) == label).item())
            for pixels, label in DataLoader(data, batch_size=1)
        ]
    return sum(right) / len(right)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--conv-layers", type=int, default=3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--smote", choices=("off", "on"), default="off")
    parser.add_argument("--class-order", choices=("sorted", "unsorted"), default="sorted")
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch) / "weights.pt"
        trained = train(options, weights)
        accuracy = test(options, weights)
    seconds = time.perf_counter() - begin
    print(json.dumps({"trained": trained, "seconds": seconds, "accuracy": accuracy}))


if __name__ == "__main__":
    main()
