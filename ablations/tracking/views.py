"""What MLflow's interface shows of a suite when its links are opened.

MLflow keeps a view that somebody shares (filter, grouping, columns, sections of charts) as a tag
of the experiment, whose name the link has. The suite writes such a view of its cells.
"""

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from mlflow.store.tracking import DEFAULT_TRACKING_URI

from ablations.design.designs import Design
from ablations.process.names import CELLS, DATA, METRICS, SUITE, test_metric
from ablations.tracking.cell_runs import cell_tag
from ablations.tracking.destination import Destination

VIEW = "mlflow.sharedViewState."  # begins the experiment's tags that hold views
SECTIONS = {"test": True, "train": True, "test_class": True, "time": False}  # of the charts; unfolded?
NAMED = 500  # runs at most that a view names one by one: MLflow takes 20,000 characters
WIDTHS = {"name": 200, "metrics": 130, "params": 100}  # in pixels


def publish(destination: Destination, plan: Design, reused: Mapping[str, str]) -> str:
    """Save the view of a suite's cells, and link it and the report in the description of its run.

    ``reused`` are runs that the suite did not have to run itself: run name -> run id.

    Returns
    -------
    str
        How to open the interface and the two addresses, as lines.
    """
    client = destination.client
    tag = cell_tag(factor.name for factor in plan.factors)
    for name, run in _few(reused).items():  # which another question may have made, and named
        client.set_tag(run, tag, name.rpartition("-s")[0])
    cells, report = cells_link(destination, plan, reused), report_link(destination)
    text = client.get_run(destination.parent_id).data.tags["mlflow.note.content"]
    links = f"[The cells, in charts]({cells}) · [the report]({report})"
    client.set_tag(destination.parent_id, "mlflow.note.content", f"{links}\n\n{text}")
    server, start = _server(destination.tracking_uri)
    return f"in the interface{start}\n  cells   {server}/{cells}\n  report  {server}/{report}"


def _server(uri: str) -> tuple[str, str]:
    """The interface's address, and how to start it if it does not run; without the password of a database."""
    if uri.startswith("http"):
        return uri.rstrip("/"), ""
    store = uri if uri.startswith("sqlite") else '"$MLFLOW_TRACKING_URI"'
    here = uri in (DEFAULT_TRACKING_URI, f"sqlite:///{Path('mlflow.db').resolve()}")
    command = "mlflow ui" if here else f"mlflow ui --backend-store-uri {store}"
    return "http://127.0.0.1:5000", f" (start it with: {command})"


def cells_link(destination: Destination, plan: Design, reused: Mapping[str, str]) -> str:
    """The address, below the server's, of the chart view of a suite's cells; saves the view.

    Shown are the runs that the suite ran or took over (if these are very many: all on the same
    images), best first, of several seeds the mean of each cell; accuracies, then learning curves,
    then the accuracy of each style.
    """
    state = json.dumps(_state(destination, plan, reused), sort_keys=True)
    key = hashlib.sha256(state.encode()).hexdigest()[:16]  # the same view twice is one view
    packed = base64.b64encode(zlib.compress(state.encode())).decode()
    name = f"suite {destination.client.get_run(destination.parent_id).info.run_name}"
    view = {"name": name, "createdAt": int(time.time() * 1000), "state": f"deflate;{packed}"}
    destination.client.set_experiment_tag(destination.experiment_id, f"{VIEW}{key}", json.dumps(view))
    query = {"compareRunsMode": "CHART", "viewStateShareKey": key, "workflowType": "machine_learning"}
    return f"#/experiments/{destination.experiment_id}/runs?{urlencode(query)}"


def report_link(destination: Destination) -> str:
    """The address, below the server's, of the report among the artifacts of the suite's run."""
    return f"#/experiments/{destination.experiment_id}/runs/{destination.parent_id}/artifacts/report.html"


def _state(destination: Destination, plan: Design, reused: Mapping[str, str]) -> dict:
    """What the view shows, in MLflow's own words; what is not named is as the interface has it."""
    metrics = [f"metrics.`{test_metric(key)}`" for key in METRICS]
    params = [f"params.`{factor.name}`" for factor in plan.factors]
    name = "attributes.`Run Name`"
    state = {
        "searchFilter": f"{CELLS} and {_which(destination, reused)}",
        "orderByKey": metrics[0],  # by date, the interface would fold the cells under their parent
        "orderByAsc": False,
        "runsHiddenMode": "SHOW_ALL",
        "selectedColumns": [*metrics, *params],
        "columnOrder": [name, *metrics, *params],
        "columnWidths": {
            name: WIDTHS["name"],
            **dict.fromkeys(metrics, WIDTHS["metrics"]),
            **dict.fromkeys(params, WIDTHS["params"]),
        },
        "isAccordionReordered": True,  # the sections in this order; the interface adds the charts
        "compareRunSections": [
            {"uuid": section, "name": section, "display": unfolded, "isReordered": False}
            for section, unfolded in SECTIONS.items()
        ],
        "compareRunCharts": [],
    }
    return {**state, **_groups(plan)} if len(plan.seeds) > 1 else state


def _groups(plan: Design) -> dict:
    """The seeds of a cell as one group, folded."""
    tag = cell_tag(factor.name for factor in plan.factors)
    return {
        "groupBy": {"aggregateFunction": "average", "groupByKeys": [{"mode": "tag", "groupByData": tag}]},
        "groupsExpanded": {f"tag.{tag}.{plan.label(cell)}": False for cell in plan.cells},
    }


def _few(runs: Mapping[str, str]) -> Mapping[str, str]:
    """These runs, unless they are too many to be spoken of one by one."""
    return runs if len(runs) <= NAMED else {}


def _which(destination: Destination, reused: Mapping[str, str]) -> str:
    """A condition for the suite's cells: reused runs stay with the suite that finished them."""
    own = f"tags.{SUITE} = '{destination.parent_id}'"
    if not reused:
        return own
    runs = {*reused.values(), *(run.info.run_id for run in destination.search(own))} if _few(reused) else ()
    if not 0 < len(runs) <= NAMED:
        data = destination.client.get_run(destination.parent_id).data.tags[DATA]
        return f"tags.{DATA} = '{data}'"
    named = ", ".join(f"'{run}'" for run in sorted(runs))
    return f"attributes.run_id IN ({named})"
