"""What a suite records of its images and its machine."""

from pathlib import Path

import pytest

from ablations.process.names import GENERATED, OTHER, WIKIART
from ablations.suite import provenance
from ablations.suite.options import ImageOptions
from wikiart.images.paintings import Paintings


@pytest.mark.parametrize(
    ("data", "classes", "kind"),
    [
        ("sample", ("Baroque", "Cubism"), GENERATED),
        ("paintings", ("Baroque", "Cubism"), WIKIART),
        ("paintings", ("Abstract Expressionism", "Pop Art"), WIKIART),
        ("pictures", ("Baroque", "cats"), OTHER),
    ],
)
def test_the_studys_claims_are_about_wikiarts_styles_alone(data, classes, kind):
    dataset = Paintings(Path(data), classes, (), ())
    assert provenance.data_kind(dataset, ImageOptions(data=data)) == kind


def test_a_machine_is_named():
    machine = provenance._machine("cpu", None)
    assert set(machine) == {"device", "processor", "cores"}
    assert machine["processor"]
