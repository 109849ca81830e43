"""Engines, which carry out trainings: worker processes of this machine, or the nodes of a Ray cluster.

Import `engine` for the interface, `local.Local` and `ray_cluster.connect` for the two engines (the latter
needs Ray), `job` for a training as it is sent to a worker, `worker` for what is done with it. Only workers
import `worker`, which loads torch. The engines carry out any function on any tasks; only
`job`, `worker` and `node` know trainings. Nothing here knows a command line, or how a suite is planned and
reported.
"""
