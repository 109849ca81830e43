"""The choice of the images that are kept from training for validation."""

import numpy as np

from wikiart.errors import DataError


def validation_rows(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Draw the validation images: a share of each style that is large enough for one.

    Equal to ``train_test_split(test_size=share, stratify=labels, random_state=seed)`` of scikit-learn on
    the images of the styles with ``1 / share`` images or more. Smaller styles are trained on as a whole.

    Parameters
    ----------
    labels : int array (n,)
        Class of each training image, 0 or more.
    share : float
        0 to 0.5; 0: none.
    seed : int
        Of the training: all trainings of a seed, with the same images, have the same validation images.

    Returns
    -------
    int64 array (m,)
        Rows in ascending order.

    Raises
    ------
    wikiart.errors.DataError
        No style has that many images.
    """
    if share == 0:
        return np.empty(0, np.int64)
    from sklearn.model_selection import train_test_split  # here: most suites begin without scikit-learn

    large = np.flatnonzero(np.bincount(labels)[labels] * share >= 1)
    if len(large) == 0:
        raise DataError(
            f"validation={share:g} needs a style of {np.ceil(1 / share):,.0f} training images or more, and "
            "there is none: choose a larger share"
        )
    _, drawn = train_test_split(large, test_size=share, stratify=labels[large], random_state=seed)
    return np.sort(drawn)
