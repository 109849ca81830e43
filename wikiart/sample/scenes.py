"""The scenes of the sample's pictures.

A scene is a function that draws on a :class:`~wikiart.sample.canvas.Canvas`. Any scene can be combined
with any palette and with any stroke of ``strokes``; the table in ``styles`` says which ones are.
"""

from itertools import pairwise

import numpy as np

from wikiart.sample.canvas import Canvas, rgb


def landscape(c: Canvas) -> None:
    """Draw hills under a cloudy sky, with trees, perhaps with flowers."""
    horizon = c.u(0.3, 0.65)
    c.fade(0, horizon, c.tone(0.8), c.tone(0.97))
    for _ in c.repeat(0, 4):
        c.oval(c.u(0, 1), c.u(0, horizon), c.u(0.08, 0.25), c.u(0.02, 0.06), c.tone(0.95))
    for step in c.repeat(2, 4):
        c.hills(horizon + 0.12 * step, c.u(0.03, 0.12), c.tone(0.6 - 0.12 * step))
    if c.chance(0.5):  # a road or a river towards the horizon
        far, near, y = c.u(0.2, 0.8), c.u(0, 0.8), horizon + 0.05
        c.polygon([(far, y), (far + 0.03, y), (near + 0.3, 1), (near, 1)], c.tone(0.85))
    for _ in c.repeat(1, 6):
        tree(c, c.u(0, 1), c.u(horizon + 0.05, 0.95), c.u(0.12, 0.4))
    for _ in c.repeat(0, 14):
        c.disc(c.u(0, 1), c.u(horizon + 0.2, 1), 0.015, c.accent())


def tree(c: Canvas, x: float, foot: float, height: float) -> None:
    """Draw a leaning trunk under a few ovals of leaves; ``foot`` is where it stands."""
    top, spread = foot - height, height / 3
    c.line([(x, foot), (x + c.u(-0.02, 0.02), top)], c.tone(0.05), 0.02)
    for _ in c.repeat(3, 6):
        sway, rise = c.u(-spread, spread), c.u(-spread, spread)
        c.oval(x + sway, top + rise, spread, spread * 0.8, c.tone(0.25))


def harbour(c: Canvas) -> None:
    """Draw a low sun over water, and what floats on it."""
    horizon, sun = c.u(0.3, 0.6), c.u(0.1, 0.9)
    c.fade(0, horizon, c.tone(0.75), c.tone(1))
    c.disc(sun, horizon - c.u(0.05, 0.25), 0.05, c.accent())
    c.fade(horizon, 1, c.tone(0.65), c.tone(0.3))
    for _ in c.repeat(8, 20):
        y, glint = c.u(horizon, 1), c.accent() if c.chance(0.4) else c.tone(0.9)
        c.line([(sun - 0.1 * y, y), (sun + c.u(0, 0.1), y)], glint, 0.012)
    for _ in c.repeat(1, 4):
        x, y, size = c.u(0.05, 0.95), c.u(horizon + 0.02, 0.9), c.u(0.08, 0.3)
        sail = c.tone(0.95) if c.chance(0.6) else c.accent()
        c.wedge(x, y, y + size / 5, size / 2, size / 3, c.tone(0.1))
        c.polygon([(x, y), (x, y - size), (x + size / 2, y - 0.03)], sail)


def village(c: Canvas) -> None:
    """Draw a row of houses before hills."""
    ground, x = c.u(0.6, 0.85), c.u(-0.1, 0.1)
    c.fade(0, ground, c.tone(0.75), c.tone(0.95))
    c.hills(ground - 0.15, 0.1, c.tone(0.45))
    c.fade(ground, 1, c.tone(0.6), c.tone(0.35))
    while x < 1:
        wide, high = c.u(0.12, 0.3), c.u(0.15, 0.45)
        eaves, roof = ground - high, c.accent() if c.chance(0.6) else c.tone(0.2)
        c.box(x, eaves, wide, high, c.tone(c.u(0.4, 0.95)))
        c.wedge(x + wide / 2, eaves - c.u(0.05, 0.18), eaves, 0, wide / 2 + 0.02, roof)
        for window in (0.2, 0.6):
            c.box(x + wide * window, ground - high * 0.7, wide / 6, high / 4, c.tone(0.08))
        x += wide + c.u(-0.02, 0.12)
    for _ in c.repeat(0, 5):
        figure(c, c.u(0.05, 0.95), c.u(ground + 0.05, 0.98), c.u(0.1, 0.25))


def head(c: Canvas, x: float, y: float, size: float) -> None:
    """Draw a face turned to one side, lit from the other; ``size`` is half its height."""
    skin, hair, turn = np.array(c.skin()), c.tone(c.u(0, 0.4)), c.rng.choice([-0.15, 0.15]) * size
    dim, front = rgb(skin * 0.75), x + turn
    c.oval(x - turn, y - size * 0.1, size * 0.9, size * c.u(1, 1.3), hair)
    c.oval(x, y, size * 0.68, size * 0.95, dim)
    c.oval(x + turn * 0.8, y - size * 0.03, size * 0.56, size * 0.88, rgb(skin))
    c.oval(x - turn / 2, y - size * 0.85, size * 0.6, size * 0.3, hair)
    for side in (-0.27, 0.27):
        c.oval(front + side * size, y - size * 0.12, size * 0.1, size * 0.05, c.tone(0))
    c.line([(x + turn * 1.6, y - size * 0.1), (x + turn * 2, y + size * 0.22)], dim, size * 0.08)
    mouth = [(front + side * size, y + size * 0.5) for side in (-0.16, 0.16)]
    c.line(mouth, (165, 75, 65), size * 0.1)


def figure(c: Canvas, x: float, foot: float, height: float, slender: float = 1.0) -> None:
    """Draw someone in a robe; ``slender`` above 1 makes the head small, as the Mannerists did."""
    robe, half, top = c.colour(), height * c.u(0.15, 0.28), foot - height * 0.8
    c.wedge(x, top, foot, half * 0.6, half, robe)
    c.line([(x + half * 0.3, foot), (x, top)], rgb(np.array(robe) * 0.7), 0.05 * height)
    hand = (x + c.u(-0.35, 0.35) * height, top + c.u(0.1, 0.4) * height)
    c.line([(x, top + height * 0.1), hand], c.skin(), 0.07 * height)
    head(c, x, top - height * 0.07 / slender, height * 0.12 / slender)


def portrait(c: Canvas) -> None:
    """Draw head and shoulders, perhaps with a hat, a collar, a window."""
    c.fade(0, 1, c.tone(c.u(0.1, 0.7)), c.tone(c.u(0.1, 0.5)))
    if c.chance(0.3):  # a window behind
        c.box(c.u(0, 0.7), c.u(0, 0.2), 0.3, 0.4, c.tone(0.85))
    x, y, size = c.u(0.35, 0.65), c.u(0.28, 0.45), c.u(0.13, 0.22)
    dress = c.accent() if c.chance(0.5) else c.tone(c.u(0.05, 0.9))
    c.oval(x, y + size * 3.6, size * c.u(1.9, 2.6), size * 2.4, dress)
    c.wedge(x, y, y + size * 1.7, size * 0.35, size * 0.6, c.skin())
    head(c, x, y, size)
    if c.chance(0.4):  # a hat or a cap
        c.oval(x, y - size * 0.9, size * c.u(0.9, 1.5), size * 0.3, c.colour())
    if c.chance(0.4):  # a collar
        c.oval(x, y + size * 1.3, size * 0.9, size * 0.25, c.tone(1))


def gathering(c: Canvas, slender: float = 1.0) -> None:
    """Draw up to six figures on one ground; ``slender`` draws them out."""
    ground = c.u(0.5, 0.8)
    c.fade(0, ground, c.tone(c.u(0.2, 0.8)), c.tone(c.u(0.4, 0.9)))
    c.fade(ground, 1, c.tone(0.5), c.tone(0.25))
    for k in c.repeat(0, 3):  # columns or trunks
        c.box(0.1 + 0.3 * k + c.u(0, 0.1), 0, c.u(0.05, 0.1), ground, c.tone(c.u(0.1, 0.5)))
    for foot in sorted(c.u(0.75, 1.1) for _ in c.repeat(2, 6)):
        figure(c, c.u(0.1, 0.9), foot, c.u(0.45, 0.75) * slender**0.3, slender)


def elongated(c: Canvas) -> None:
    """Draw a gathering of drawn-out figures."""
    gathering(c, slender=1.7)


def still_life(c: Canvas) -> None:
    """Draw things on a table."""
    table = c.u(0.5, 0.7)
    c.fade(0, table, c.tone(c.u(0.1, 0.6)), c.tone(c.u(0.2, 0.7)))
    c.polygon([(0, table), (1, table + c.u(-0.08, 0.08)), (1, 1), (0, 1)], c.tone(c.u(0.5, 0.95)))
    x, high = c.u(0.15, 0.85), c.u(0.3, 0.5)  # the bottle
    c.box(x - 0.03, table - high, 0.06, 0.3, c.tone(0.15))
    c.oval(x, table - high / 3, 0.09, high / 2, c.tone(0.2))
    for _ in c.repeat(3, 9):  # the fruit
        x, y, size = c.u(0.1, 0.9), table + c.u(-0.05, 0.2), c.u(0.05, 0.1)
        c.disc(x, y, size, c.accent() if c.chance(0.7) else c.tone(0.5))
        c.disc(x - size / 3, y - size / 3, size / 4, c.tone(1))


def interior(c: Canvas) -> None:
    """Draw a room in perspective."""
    x, y, wall = c.u(0.2, 0.45), c.u(0.55, 0.7), c.u(0.5, 0.7)
    c.fill(c.tone(0.35))
    c.polygon([(0, 1), (x, y), (1, y), (1, 1)], c.tone(0.5))
    c.polygon([(0, 0), (x, 0.15), (x, y), (0, 1)], c.tone(0.2))
    for k in range(5):  # the boards run together
        c.line([(0.1 + 0.25 * k, 1), (0.5 + 0.06 * k, y)], c.tone(0.3), 0.01)
    c.box(wall, 0.12, 0.3, 0.32, c.tone(1))
    for k in (1, 2):
        c.line([(wall + 0.1 * k, 0.12), (wall + 0.1 * k, 0.44)], c.tone(0.1))
    c.polygon([(wall, y), (wall + 0.3, y), (wall, 1), (wall - 0.4, 1)], c.tone(0.8))  # light on the floor
    for _ in c.repeat(1, 3):
        figure(c, c.u(0.15, 0.85), c.u(0.85, 1), c.u(0.4, 0.65))


def altarpiece(c: Canvas) -> None:
    """Draw figures on gold, in one to three panels."""
    c.fill(c.tone(0.15))
    panels = c.rng.integers(1, 4)
    wide = 0.94 / panels
    for k in range(panels):
        x, crown = 0.03 + wide * (k + 0.5), 0.18 + 0.12 * abs(k - panels // 2)
        c.wedge(x, crown, 0.97, wide * 0.44, wide * 0.44, c.tone(0.75))
        c.oval(x, crown, wide * 0.44, 0.16, c.tone(0.75))
        tall = (0.95 - crown) * c.u(0.8, 0.95)
        halo = c.u(0.17, 0.2) * tall
        c.disc(x, 0.95 - tall * 0.87, halo, c.tone(0.35))
        c.disc(x, 0.95 - tall * 0.87, halo * 0.85, c.tone(1))
        figure(c, x, 0.95, tall)


def moonlit(c: Canvas) -> None:
    """Draw a moon with a halo over dark ground."""
    horizon, x, y = c.u(0.5, 0.8), c.u(0.2, 0.8), c.u(0.15, 0.4)
    c.fade(0, horizon, c.tone(0.1), c.tone(0.6))
    for size, tone in ((0.2, 0.5), (0.14, 0.7), (0.09, 1)):
        c.disc(x, y, size, c.tone(tone))
    c.fade(horizon, 1, c.tone(0.4), c.tone(0.05))
    for _ in c.repeat(3, 8):
        level = c.u(horizon, 1)
        c.line([(x - c.u(0.02, 0.12), level), (x + c.u(0.02, 0.12), level)], c.tone(0.9), 0.012)
    for _ in c.repeat(1, 5):  # cypresses, then someone who waits
        c.wedge(c.u(0, 1), horizon - c.u(0.2, 0.5), horizon + 0.1, 0, 0.05, c.tone(0))
    figure(c, c.u(0.2, 0.8), c.u(0.85, 1), c.u(0.3, 0.7), 1.1)


def fete(c: Canvas) -> None:
    """Draw figures among clouds and foliage."""
    c.fade(0, 1, c.tone(0.8), c.tone(0.95))
    for _ in c.repeat(8, 16):  # clouds above, foliage at one side
        c.oval(c.u(0, 1), c.u(0, 0.4), c.u(0.08, 0.2), c.u(0.04, 0.1), c.tone(c.u(0.75, 1)))
        c.oval(c.u(-0.1, 0.3), c.u(0.1, 0.9), c.u(0.05, 0.15), c.u(0.05, 0.12), c.tone(c.u(0, 0.4)))
    c.hills(0.75, 0.08, c.tone(0.4))
    for _ in c.repeat(1, 4):
        x, foot, size = c.u(0.3, 0.85), c.u(0.85, 1), c.u(0.3, 0.6)
        c.disc(x, foot, size * 0.45, c.accent())  # the wide skirt
        figure(c, x, foot, size)
    for _ in c.repeat(5, 20):
        c.disc(c.u(0, 1), c.u(0.75, 1), 0.02, c.accent())


def poster(c: Canvas) -> None:
    """Draw someone before a ring, in the whiplash lines of hair, stems and smoke."""
    c.fill(c.tone(0.9))
    x, y, size = c.u(0.4, 0.6), c.u(0.28, 0.38), c.u(0.1, 0.14)
    c.disc(x, y, size * 2.6, c.colour())
    c.disc(x, y, size * 2.2, c.tone(c.u(0.6, 0.9)))
    c.wedge(x, y, 1, 0.08, c.u(0.15, 0.4), c.colour())
    along = np.linspace(0, 1, 14)
    for _ in c.repeat(4, 9):
        bend = along * (c.u(-0.5, 0.5) + c.u(0.1, 0.3) * np.sin(along * c.u(3, 7) + c.u(0, 6)))
        c.line(zip(x + bend, y + along * c.u(0.3, 0.7), strict=True), c.colour(), 0.03)
    head(c, x, y, size)
    for _ in c.repeat(3, 10):
        c.disc(c.u(0, 1), c.u(0.6, 1), 0.05, c.accent())
    near, far = 0.03, 0.97
    c.line([(near, near), (near, far), (far, far), (far, near), (near, near)], c.tone(0.2), 0.03)


def woodblock(c: Canvas) -> None:
    """Draw a mountain or the sun, over a great wave or over people."""
    c.fade(0, 0.5, c.tone(0.4), c.tone(1))
    x, y = c.u(0.3, 0.7), c.u(0.15, 0.4)
    if c.chance(0.5):
        c.wedge(x, y, 0.7, 0.05, 0.5, c.tone(0.35))
        c.wedge(x, y, y + 0.09, 0.05, 0.13, c.tone(1))
    else:
        c.disc(x, y, 0.12, c.accent())
    if c.chance(0.65):
        waves(c)
    else:
        c.box(0, 0.8, 1, 0.2, c.tone(0.6))
        for _ in c.repeat(1, 3):
            figure(c, c.u(0.2, 0.8), 1, c.u(0.6, 0.9))
    c.box(0.82, 0.08, 0.08, 0.2, rgb(c.colours[4]))  # the seal


def waves(c: Canvas) -> None:
    """Draw a great wave, with its hollow and crest."""
    x, level, size = c.u(0.1, 0.4), c.u(0.55, 0.7), c.u(0.2, 0.34)
    sea, foam = c.tone(0.08), c.tone(1)
    c.box(0, level, 1, 1, sea)
    c.wedge(x - 0.1, level - size / 2, 1, size, size * 1.6, sea)  # the great wave: back, hollow, crest
    c.oval(x, level - size / 3, size, size * 0.9, sea)
    c.oval(x + size * 0.8, level - size * 0.1, size * 0.8, size * 0.65, c.tone(0.9))
    for turn in np.linspace(-2.9, -0.1, 11):
        reach = size * c.u(0.9, 1.05)
        c.disc(x + reach * np.cos(turn), level - size / 3 + reach * np.sin(turn), size / 7, foam)
    swell = np.linspace(0, 1, 20)
    for y in np.arange(level + 0.12, 1.1, 0.12):
        crest = [*zip(swell, y + 0.04 * np.sin(swell * c.u(8, 16) + c.u(0, 6)), strict=True)]
        c.polygon([*crest, (1, 1), (0, 1)], c.tone(c.rng.choice([0.08, 0.35])))
        c.line(crest, foam, 0.02)


def geometry(c: Canvas) -> None:
    """Draw flat shapes of one of four kinds."""
    c.fill(c.tone(0.95))
    kinds = (_right_angles, _stripes, _nested_squares, _blocks)
    kinds[c.rng.integers(len(kinds))](c)


def _right_angles(c: Canvas) -> None:
    xs, ys = (np.sort([0, 1, *c.rng.uniform(0.1, 0.9, c.rng.integers(1, 4))]) for _ in range(2))
    for x, right in pairwise(xs):
        for y, below in pairwise(ys):
            c.box(x, y, right - x, below - y, c.colour() if c.chance(0.35) else c.tone(0.97))
    for x in xs[1:-1]:
        c.line([(x, 0), (x, 1)], c.tone(0), 0.035)
    for y in ys[1:-1]:
        c.line([(0, y), (1, y)], c.tone(0), 0.035)


def _stripes(c: Canvas) -> None:
    step, colour = c.u(0.04, 0.15), c.colour()
    for x in np.arange(0, 1, 2 * step):
        c.box(x, 0, step, 1, colour)


def _nested_squares(c: Canvas) -> None:
    for inset in np.arange(0, 0.45, c.u(0.06, 0.16)):
        c.box(inset, inset, 1 - 2 * inset, 1 - 2 * inset, c.colour())


def _blocks(c: Canvas) -> None:
    for k in c.repeat(1, 4):
        c.box(c.u(0.1, 0.25) + 0.2 * k, c.u(0.2, 0.4), 0.14, c.u(0.2, 0.5), c.colour())


def veils(c: Canvas) -> None:
    """Draw stains that run into each other."""
    c.fill(c.colour())
    for _ in c.repeat(3, 6):
        c.oval(c.u(0, 1), c.u(0, 1), c.u(0.15, 0.45), c.u(0.15, 0.45), c.colour())


def bands(c: Canvas) -> None:
    """Draw rectangles one above the other, with or without a margin."""
    c.fill(c.colour())
    inset, top = c.rng.choice([0, c.u(0.05, 0.12)]), 0.06
    while top < 0.85:
        high = c.u(0.15, 0.5)
        c.box(inset, top, 1 - 2 * inset, min(high, 0.94 - top), c.colour())
        top += high + c.u(0.02, 0.06)


def gestures(c: Canvas) -> None:
    """Draw broad strokes across each other."""
    c.fill(c.tone(c.u(0, 1)))
    for _ in c.repeat(6, 22):
        points = c.rng.uniform(0, 1, 2) + c.u(0.1, 0.4) * c.rng.uniform(-1, 1, (3, 2))
        c.line(points, c.colour(), c.u(0.03, 0.14))


def drips(c: Canvas) -> None:
    """Draw paint thrown from a stick: looping lines, and drops."""
    c.fill(c.tone(c.u(0.5, 1)))
    for _ in c.repeat(14, 40):
        colour, steps = c.colour(), np.cumsum(c.rng.normal(0, 0.09, (12, 2)), axis=0)
        c.line(c.rng.uniform(0, 1, 2) + steps, colour, c.u(0.004, 0.02))
        for _ in range(4):
            c.disc(c.u(0, 1), c.u(0, 1), c.u(0.003, 0.02), colour)


def collage(c: Canvas) -> None:
    """Draw pasted papers, some of newsprint or of grained wood, and a guitar."""
    c.fill(c.tone(c.u(0.5, 0.9)))
    for _ in c.repeat(4, 9):
        x, y, wide, high, lean = c.u(0, 0.8), c.u(0, 0.8), c.u(0.15, 0.5), c.u(0.15, 0.5), c.u(-0.1, 0.1)
        right, foot = x + wide, y + high
        c.polygon([(x, y), (right, y + lean), (right - lean, foot), (x - lean, foot - lean)], c.colour())
        for level in np.linspace(y, foot, 7)[1:-1] if c.chance(0.4) else ():
            c.line([(x + 0.03, level), (x + wide * 0.8, level + lean)], c.tone(0.05), 0.012)
    x, y, size, body = c.u(0.35, 0.65), c.u(0.5, 0.65), c.u(0.12, 0.2), c.colour()
    c.disc(x, y + size, size, body)
    c.disc(x, y, size * 0.8, body)
    c.disc(x, y + size * 0.5, size / 3, c.tone(0))
    c.line([(x, y + size), (x + c.u(-0.15, 0.15), y - size * 2.4)], c.tone(0.1), 0.03)


def goods(c: Canvas) -> None:
    """Draw one thing many times, as on a shelf or in an accumulation."""
    rows, varied, colours = c.rng.integers(2, 5), c.chance(0.5), (c.colour(), c.colour())
    thing, size = (_tin, _face, _lips)[c.rng.integers(3)], 0.5 / rows
    for row, column in np.ndindex(rows, rows):
        body, ground = (c.colour(), c.colour()) if varied else colours
        x, y = (2 * column + 1) * size, (2 * row + 1) * size
        c.box(x - size, y - size, 2 * size, 2 * size, ground)
        thing(c, x, y, size, body)


def _tin(c: Canvas, x: float, y: float, size: float, body: tuple) -> None:
    c.wedge(x, y - size * 0.7, y + size * 0.7, size * 0.6, size * 0.6, c.tone(1))
    c.wedge(x, y - size * 0.7, y + size * 0.1, size * 0.6, size * 0.6, body)


def _face(c: Canvas, x: float, y: float, size: float, body: tuple) -> None:
    head(c, x, y, size * 0.7)


def _lips(c: Canvas, x: float, y: float, size: float, body: tuple) -> None:
    c.oval(x, y, size * 0.8, size * 0.45, body)
    c.line([(x - size * 0.8, y), (x + size * 0.8, y)], c.tone(0), 0.02)


def comic(c: Canvas) -> None:
    """Draw a bang, with a face or a bubble in it."""
    c.fill(c.colour())
    x, y = c.u(0.3, 0.7), c.u(0.3, 0.7)
    reach = np.where(np.arange(25) % 2, c.u(0.25, 0.35), c.u(0.45, 0.7))
    c.star(x, y, np.linspace(0, 2 * np.pi, 25), reach, c.colour())
    if c.chance(0.6):
        head(c, x, y, c.u(0.15, 0.3))
    else:
        c.oval(x, y, c.u(0.15, 0.3), c.u(0.12, 0.2), c.colour())


def torn(c: Canvas) -> None:
    """Draw posters torn off one above the other."""
    for _ in c.repeat(10, 22):
        ragged = c.u(0.1, 0.4) * c.rng.uniform(0.6, 1, 9)
        c.star(c.u(0, 1), c.u(0, 1), np.sort(c.rng.uniform(0, 2 * np.pi, 9)), ragged, c.colour())


def jungle(c: Canvas) -> None:
    """Draw leaves before a sun."""
    c.fade(0, 1, c.tone(0.95), c.tone(0.6))
    c.disc(c.u(0.2, 0.8), c.u(0.1, 0.3), 0.09, c.accent())
    for _ in c.repeat(8, 20):  # leaves
        x, top, lean = c.u(0, 1), c.u(0.3, 0.8), c.u(-0.15, 0.15)
        left, right, tip = x + lean - 0.06, x + lean + 0.06, x + lean * 2
        c.polygon([(x, 1), (left, top + 0.15), (tip, top), (right, top + 0.2)], c.tone(c.u(0, 0.7)))
    for _ in c.repeat(2, 8):  # flowers
        x, y = c.u(0, 1), c.u(0.4, 0.95)
        c.disc(x, y, 0.05, c.accent())
        c.disc(x, y, 0.02, c.tone(1))
    if c.chance(0.6):  # the beast
        x, y, coat = c.u(0.3, 0.7), c.u(0.6, 0.8), c.accent()
        c.oval(x, y, 0.2, 0.09, coat)
        head(c, x - 0.2, y - 0.07, 0.08)
        for leg in (-0.13, -0.05, 0.07, 0.15):
            c.box(x + leg, y, 0.04, 0.17, coat)
