"""Weights of the classes in the loss, by which rare classes count more."""

import numpy as np

BETA = 0.999  #: of the effective number of samples; Cui et al. tried 0.9, 0.99, 0.999 and 0.9999


def class_weights(kind: str, counts: np.ndarray) -> np.ndarray | None:
    """Compute the weight of each class in the loss of a batch.

    The loss of a batch is the weighted mean ``sum(w_c * loss) / sum(w_c)`` over its items, as that of
    ``torch.nn.CrossEntropyLoss(weight=w)``. With ``n_c`` items of class c, n in all, in k classes:

    - ``balanced``: ``w_c = n / (k n_c)``, as scikit-learn's ``class_weight="balanced"``. Over an epoch all
      classes have the same share of the loss.
    - ``effective``: ``w_c`` is proportional to ``1 / E_c``, and all weights sum to k. The effective number of
      samples, ``E_c = (1 - beta^n_c) / (1 - beta)``, allows for images that repeat each other: it is about
      ``n_c`` for rare classes and at most ``1 / (1 - beta)``, 1,000 here. So frequent classes keep more of
      their share.

    The items are those of an epoch, synthetic ones and copies included: weights correct the imbalance that
    resampling leaves. With ``smote=auto`` it leaves none, and all weights are 1.

    Parameters
    ----------
    kind : {"none", "balanced", "effective"}
        The rule.
    counts : int array (classes,)
        Items of each class in an epoch.

    Returns
    -------
    float64 array (classes,) or None
        A class without items has weight 0 and does not count in k. None for ``none``.

    Raises
    ------
    ValueError
        Another kind.

    References
    ----------
    Y. Cui, M. Jia, T.-Y. Lin, Y. Song, S. Belongie, "Class-Balanced Loss Based on Effective Number of
    Samples", CVPR 2019, section 4.
    """
    if kind == "none":
        return None
    weights = np.zeros(len(counts))
    present = counts > 0
    items, classes = counts[present].astype(np.float64), present.sum()
    if kind == "balanced":
        weights[present] = items.sum() / (classes * items)
    elif kind == "effective":
        inverse = (1 - BETA) / (1 - BETA**items)
        weights[present] = inverse * classes / inverse.sum()
    else:
        raise ValueError(f"class_weights={kind}: must be none, balanced or effective")
    return weights
