"""Synthetic images as recipes: which two real images are blended, and with which weight.

`levels` says how many images each class gets, `neighbours` finds the nearest images of a class
exactly, `recipes` draws as imbalanced-learn's SMOTE or RandomOverSampler does, `cached` does all of it for
a store and keeps the neighbours in the cache, and `spelling` reads a level's name. Import from these
modules; most callers need `cached.recipes_of_store` alone. Nothing here knows of networks or training:
pixels are blended in wikiart.learning.
"""
