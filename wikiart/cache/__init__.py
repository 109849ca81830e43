"""The cache: files that are kept on disk between suites.

`folder.Cache` owns the path of everything kept, lists it and clears it; `atomic` writes files and
folders that appear whole or not at all, and orders processes by locks; `disk` reports disks that are
full. Import from these modules. Nothing here knows what the files mean: no images, no networks.
"""
