"""Engines, which carry out trainings: worker processes of this machine, or the nodes of a Ray cluster.

Import `engine` for the interface, `local.Local` and `ray_cluster.connect` for the two engines (the latter
needs Ray), `worker` for what one training does. The engines carry out any function on any tasks; only
`worker` and `node` know trainings. Nothing here knows a command line, or how a suite is planned and
reported.
"""
