"""The images as MLflow data sets."""

import json

from mlflow.entities import Dataset, DatasetInput, InputTag

from wikiart.images.store import Store


def dataset_inputs(store: Store) -> list[DatasetInput]:
    """Return the two splits as MLflow data sets; their digest depends on pixels and labels, not on names."""
    inputs = []
    for split, context in (("train", "training"), ("test", "testing")):
        images = getattr(store, split).images
        profile = {"images": len(images), "styles": len(store.classes), "image_size": images.shape[1]}
        source = json.dumps({"uri": str(store.folder)})
        dataset = Dataset(f"{split} images", store.digest[:32], "local", source, profile=json.dumps(profile))
        inputs.append(DatasetInput(dataset, [InputTag("mlflow.data.context", context)]))
    return inputs
