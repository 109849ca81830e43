"""The confusion matrix of a cell as a picture."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.font_manager import findfont
from PIL import Image, ImageChops, ImageDraw, ImageFont

from ablations.process.escape import short

SIDE = 24  #: of a square of the matrix, in pixels


def confusion_picture(confusion: np.ndarray, classes: Sequence[str]) -> Image.Image:
    """Draw a confusion matrix, coloured by the fraction of each row, with the counts written in.

    Drawn with Pillow, because Matplotlib takes ten times as long and every run gets a picture.

    Parameters
    ----------
    confusion : int array (classes, classes)
        Rows are the true classes, columns the answers.
    classes : sequence of str
        Their names, in the order of the rows.
    """
    # 1. The margins on the left and at the top leave room for the longest name and for an axis label.
    rows = confusion.sum(axis=1)
    answers = [short(name.replace("_", " ")) for name in classes]
    truths = [f"{name} ({n})" for name, n in zip(answers, rows, strict=True)]
    font = ImageFont.truetype(findfont("DejaVu Sans"), 12)
    left, top = (SIDE // 2 + round(max(map(font.getlength, names))) + SIDE for names in (truths, answers))
    width = SIDE * len(classes)
    size = left + width + SIDE // 2, top + width + SIDE // 2
    # 2. The matrix: one pixel per square, enlarged.
    fractions = confusion / np.maximum(rows[:, None], 1)
    squares = Image.fromarray(colormaps["Blues"](fractions, bytes=True)[:, :, :3])
    picture = Image.new("RGB", size, "white")
    picture.paste(squares.resize((width, width), Image.Resampling.NEAREST), (left, top))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left - 1, top - 1, left + width, top + width), outline="black")
    # 3. The horizontal text: names of rows, label of the columns, counts.
    for number, name in enumerate(truths):
        draw.text((left - 6, top + SIDE * (number + 0.5)), name, "black", font, anchor="rm")
    draw.text((left + width / 2, 4), "answer", "black", font, anchor="mt")
    for row, column in zip(*np.nonzero(confusion), strict=True):
        colour = "white" if fractions[row, column] > 0.5 else "black"
        centre = left + SIDE * (column + 0.5), top + SIDE * (row + 0.5)
        draw.text(centre, str(confusion[row, column]), colour, font, anchor="mm")
    # 4. The vertical text: names of columns, label of the rows. Pillow writes horizontally only, so it is
    #    written on a second picture of the same size, which is then turned counter-clockwise by 90 degrees:
    #    its x axis points up in the first picture, its y axis to the right. Of two pixels the darker remains.
    turned = Image.new("RGB", size[::-1], "white")
    draw = ImageDraw.Draw(turned)
    for number, name in enumerate(answers):
        draw.text((size[1] - top + 6, left + SIDE * (number + 0.5)), name, "black", font, anchor="lm")
    draw.text((size[1] - top - width / 2, 4), "truth (test images)", "black", font, anchor="mt")
    return ImageChops.darker(picture, turned.transpose(Image.Transpose.ROTATE_90))
