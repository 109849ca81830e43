"""Folders of generated images in each layout that is recognized."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.conftest import STYLES, hash_of, paint, paint_folder

NAMES = ("claude-monet_soleil.jpg", "grégoire_été.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg")


def split_folders(root: Path) -> Path:
    return paint_folder(root, {"Amber": 4, "Blue": 3}, {"Amber": 2})


def style_folders(root: Path, styles: dict[str, int] | None = None) -> Path:
    """``<Style>/``: 6 amber and 6 blue images."""
    for style, count in (styles or {"Amber": 6, "Blue": 6}).items():
        for name in NAMES[:count]:
            paint(root / style / name, STYLES[style], hash_of(style, name))
    return root


def artgan_lists(root: Path) -> Path:
    """Lists below the image folder, with a doubly encoded, lower-cased name and a name in both lists."""
    images = style_folders(root / "wikiart")
    (images / "Blue").rename(images / "Blue_Period")
    mojibake = "grã©goire_ã©tã©.jpg"
    write_lists(
        images,
        train=[f"Amber/{name},0" for name in (NAMES[0], mojibake, *NAMES[2:4])]
        + [f"Blue_Period/{name},1" for name in NAMES[:4]],
        test=["Amber/e.jpg,0", "Amber/f.jpg,0", "Amber/d.jpg,0", "Blue_Period/e.jpg,1"],
    )
    return images


def write_lists(folder: Path, train: list[str], test: list[str], classes: str = "0 Amber\n1 Blue\n") -> None:
    (folder / "style_train.csv").write_text("\n".join(train) + "\n", encoding="utf-8")
    (folder / "style_val.csv").write_text("\n".join(test) + "\n", encoding="utf-8")
    (folder / "style_class.txt").write_text(classes, encoding="utf-8")


def kaggle_table(root: Path, subset: bool = True) -> Path:
    style_folders(root)
    lines = ["filename,artist,genre,description,subset" if subset else "filename,artist,genre,description"]
    for style in ("Amber", "Blue"):
        for number, name in enumerate(NAMES):
            part = ("test", "test", "train", "train", "train", "uncertain artist")[number]
            lines.append(
                f"{style}/{name},x,\"['{style}']\",a-b,{part}" if subset else f"{style}/{name},x,y,z"
            )
    (root / "classes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def parquet_shards(root: Path, as_text: bool = False, broken: bool = False) -> Path:
    """Two shards of 7 rows in row groups of 3; the last row of each has no style."""
    (root / "data").mkdir(parents=True)
    for shard in range(2):
        rows = []
        for row in range(7):
            style = "Amber" if row % 2 else "Blue"
            content = b"no image" if broken and row == 3 else encoded(STYLES[style], hash_of(shard, row))
            number = (list(STYLES).index(style), style)[as_text] if row < 6 else None
            rows.append({"image": {"bytes": content, "path": f"{row}.jpg"}, "artist": 1, "style": number})
        kind = {"names": list(STYLES), "_type": "ClassLabel"}
        features = {"info": {"features": {"image": {"_type": "Image"}, "style": kind}}}
        table = pa.Table.from_pylist(rows).replace_schema_metadata({"huggingface": json.dumps(features)})
        pq.write_table(table, root / "data" / f"train-0000{shard}-of-00002.parquet", row_group_size=3)
    return root


def encoded(colour: tuple[int, int, int], seed: int) -> bytes:
    """A painted patch as the bytes of a PNG."""
    noise = np.random.default_rng(seed).normal(0, 25, (24, 24, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


LAYOUTS = {
    "train and test folders": split_folders,
    "style folders": style_folders,
    "ArtGAN's lists": artgan_lists,
    "Kaggle's classes.csv": kaggle_table,
    "parquet shards (2)": parquet_shards,
}
