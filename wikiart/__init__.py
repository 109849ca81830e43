"""The subject of the experiments: paintings, networks, training and evaluation.

Its rooms, from the lowest: `cache` (files on disk), `images` (a folder to decoded pixels), `smote`
(synthetic images), `learning` (networks) and `sample` (generated pictures). Nothing here knows of
experiment tracking, of command lines or of the suites that use it.
"""
