"""The confusion matrix of a cell as a picture."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.font_manager import findfont
from PIL import Image, ImageChops, ImageDraw, ImageFont

CELL = 24  #: pixels; the side of a cell of a confusion matrix


def confusion_picture(confusion: np.ndarray, classes: Sequence[str]) -> Image.Image:
    """Confusion matrix, coloured by the share of each row (truth), with the counts written in.

    Drawn with Pillow: every cell gets one, and Matplotlib takes ten times as long for the same words.

    Parameters
    ----------
    confusion : int array (classes, classes)
        Rows the truth, columns the answer.
    classes : sequence of str
        Their names, in the order of the rows.
    """
    rows = confusion.sum(axis=1)
    shares = confusion / np.maximum(rows[:, None], 1)
    names = [name.replace("_", " ") for name in classes]
    truths = [f"{name} ({n})" for name, n in zip(names, rows, strict=True)]
    font = ImageFont.truetype(findfont("DejaVu Sans"), 12)
    left, top = (CELL // 2 + round(max(map(font.getlength, words))) for words in (truths, names))
    left, top = left + CELL, top + CELL  # for the words along the axes
    side = CELL * len(classes)
    picture = Image.new("RGB", (left + side + CELL // 2, top + side + CELL // 2), "white")
    matrix = Image.fromarray(colormaps["Blues"](shares, bytes=True)[:, :, :3])
    picture.paste(matrix.resize((side, side), Image.Resampling.NEAREST), (left, top))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left - 1, top - 1, left + side, top + side), outline="black")
    for number, truth in enumerate(truths):
        draw.text((left - 6, top + CELL * (number + 0.5)), truth, "black", font, anchor="rm")
    draw.text((left + side / 2, 4), "answer", "black", font, anchor="mt")
    for row, column in zip(*np.nonzero(confusion), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        place = left + CELL * (column + 0.5), top + CELL * (row + 0.5)
        draw.text(place, str(confusion[row, column]), colour, font, anchor="mm")
    upright = Image.new("RGB", (picture.height, picture.width), "white")  # as seen with the head to the right
    draw = ImageDraw.Draw(upright)
    for number, name in enumerate(names):
        draw.text((picture.height - top + 6, left + CELL * (number + 0.5)), name, "black", font, anchor="lm")
    draw.text((picture.height - top - side / 2, 4), "truth (test images)", "black", font, anchor="mt")
    return ImageChops.darker(picture, upright.transpose(Image.Transpose.ROTATE_90))
