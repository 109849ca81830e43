"""The suite in MLflow: the only package of ``ablations`` that imports it.

`server` checks the tracking server and tells an unreachable server from one that refuses a request,
`destination` names the place that runs are written to, `suite_run` and `cell_runs` write the runs,
`run_logger` writes those of one training while it runs, `repetition` finds a suite that was finished
before, `queries` looks up finished runs, `sweep` ends runs whose process is dead, `models` saves networks
and `loading` loads them without running what was saved with them, `outcome` keeps a training's results on
disk until its runs are finished, `views` prepares the links to MLflow's interface, `confusion` and
`datasets` are parts of a run. The rooms above may import every module. The names that the summary reads are
those of ablations/process/names.py. This package must not know where trainings run, what a suite prints, or
options of the command line.
"""
