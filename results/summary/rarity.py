"""Groups of styles by their number of training images."""

from collections.abc import Mapping

BOUNDS = (20, 100, 500)  #: training images at which the next group begins
FEW_STYLES = 12  # below this there are three groups of about as many styles each
THIRDS = ("rarest", "middle", "most frequent")


def rarity_groups(training_images: Mapping[str, int]) -> dict[str, list[str]]:
    """Group styles by rarity, the rarest first.

    Parameters
    ----------
    training_images : mapping
        Style -> its number of training images, before SMOTE or copies.

    Returns
    -------
    dict
        Name of a group -> its styles. With twelve styles or more, the groups that are not empty among: fewer
        than 20 images, 20 to 99, 100 to 499, 500 or more. With three to eleven styles, the rarest, the middle
        and the most frequent third. With fewer styles there are no groups.
    """
    rarest_first = sorted(training_images, key=lambda style: (training_images[style], style))
    if len(rarest_first) < len(THIRDS):
        return {}
    if len(rarest_first) >= FEW_STYLES:
        groups: dict[str, list[str]] = {}
        for style in rarest_first:
            groups.setdefault(_range_name(training_images[style]), []).append(style)
        return groups
    size = len(rarest_first) / len(THIRDS)
    return {
        f"{name} third": rarest_first[round(third * size) : round((third + 1) * size)]
        for third, name in enumerate(THIRDS)
    }


def _range_name(images: int) -> str:
    """Name the range that a number of training images lies in."""
    first, *_, last = BOUNDS
    if images < first:
        return f"fewer than {first}"
    if images >= last:
        return f"{last} or more"
    low = max(bound for bound in BOUNDS if bound <= images)
    return f"{low} to {BOUNDS[BOUNDS.index(low) + 1] - 1}"
