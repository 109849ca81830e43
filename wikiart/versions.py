"""Versions of the parts of this package that decide a result.

They are part of every run's fingerprint: raising one makes the runs of earlier versions count as not
finished. Raise a part's version when its numbers change; ``tests/wikiart/test_versions.py`` fails when
they change without that. A faster or clearer formulation of the same numbers keeps its version.
"""

VERSIONS = {
    "data": 3,  #: decoded pixels, labels and the order of the images
    "smote": 1,  #: neighbours and draws
    "training": 1,  #: networks, batches, optimizer, order of the random draws
    "evaluation": 1,  #: predictions, class orders, scores
}
