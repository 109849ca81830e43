"""The images of a data set: their layouts, their decoded pixels on disk, and an audit.

`paintings.find` lists the images of a folder in any layout (`layouts`, `files`, `shards`),
`building.build_store` decodes them once (`decoding`, `writing`) into the cache, `store` opens it, and
`audit` reports duplicates and leaks. Import from these modules. Nothing here knows of SMOTE, networks
or training.
"""
