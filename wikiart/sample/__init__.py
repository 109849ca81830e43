"""Generated pictures for users who have no images: 27 styles, each painted by rule and by chance.

The files are in WikiArt's layout, ``{train,test}/<Style>/<number>.jpg``, with the study's 630 test images
and a tenth of its training images, 64 x 64 pixels. Each style has its own palettes, scenes and strokes and
borrows from its neighbours, so that some pictures cannot be classified with certainty.

`generate.generate` writes them into the cache, `parallel.paint_files` paints on all cores, `painting.paint`
paints a single one; `styles`, `scenes`, `strokes` and `canvas` say how. Nothing here knows how images are
read or how networks learn from them.
"""
