"""From a folder of images to decoded pixels: layouts, stores, and what is worth knowing of a data set.

`paintings.find` lists the images of a folder in any layout (`layouts`, `files`, `shards`),
`building.build_store` decodes them once (`decoding`) into a folder of the cache, `store` opens it, and
`audit` reports duplicates and leaks. Import from these modules. Nothing here knows of SMOTE, networks
or training.
"""
