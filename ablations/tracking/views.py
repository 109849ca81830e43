"""Links to MLflow's interface that open a prepared view of a suite's cells.

When somebody shares a view of the runs page (filter, grouping, columns, chart sections), the interface
saves it as a tag of the experiment, and the link contains the key of that tag. The suite saves such a
view of its own cells. The format is that of MLflow 3.17; a browser test guards it.
"""

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlencode

from mlflow.store.tracking import DEFAULT_TRACKING_URI

from ablations.design.designs import Design
from ablations.design.trainings import SEED
from ablations.process.addresses import without_credentials
from ablations.process.names import CELLS, DATA, METRICS, SUITE, cell_tag, test_metric
from ablations.tracking import server
from ablations.tracking.destination import Destination

VIEW_TAG = "mlflow.sharedViewState."  # prefix of the experiment's tags that hold shared views
SECTIONS = {"test": True, "train": True, "test_class": True, "time": False}  # chart section -> unfolded
NAME_COLUMN = "attributes.`Run Name`"
MOST_NAMED = 500  # runs that a filter names one by one: a tag has at most 20,000 characters
LOCAL_INTERFACE = "http://127.0.0.1:5000"  # where `mlflow ui` listens


def publish(destination: Destination, design: Design, reused: Mapping[str, str]) -> str:
    """Save the view of a suite's cells, and link it and the report in the description of the suite's run.

    Parameters
    ----------
    destination : Destination
        The suite's run.
    design : Design
        Its design.
    reused : mapping
        The runs of other suites that it took over: name of the cell's run -> run id.

    Returns
    -------
    str
        Lines that say how to open the interface, with the two addresses.
    """
    client = destination.client
    view = CellsView(destination, design, reused)
    if view.names_runs:
        # A reused run may lack the tag that the view groups by: another question has other factors.
        for name, run_id in reused.items():
            client.set_tag(run_id, view.group_tag, name.rpartition(SEED)[0])
    text = client.get_run(destination.parent_id).data.tags["mlflow.note.content"]
    links = f"[The cells, in charts]({view.save()}) · [the report]({_report(destination)})"
    client.set_tag(destination.parent_id, "mlflow.note.content", f"{links}\n\n{text}")
    return addresses(destination, design, reused)


def addresses(destination: Destination, design: Design, reused: Mapping[str, str]) -> str:
    """Return the lines that `publish` has returned for a suite, if its view has been saved."""
    interface, start = interface_address(destination.tracking_uri)
    cells = CellsView(destination, design, reused).address
    report = _report(destination)
    return f"in the interface{start}\n  cells   {interface}/{cells}\n  report  {interface}/{report}"


def _report(destination: Destination) -> str:
    """Return the address of the suite's report, relative to the interface's."""
    return f"#/experiments/{destination.experiment_id}/runs/{destination.parent_id}/artifacts/report.html"


def interface_address(tracking_uri: str) -> tuple[str, str]:
    """Return the interface's address, and how to start it if the user has to; without passwords.

    A server serves the interface itself. For a database the user starts ``mlflow ui``.
    """
    if server.is_remote(tracking_uri):
        return without_credentials(tracking_uri), ""
    store = tracking_uri if tracking_uri.startswith("sqlite") else '"$MLFLOW_TRACKING_URI"'
    default = tracking_uri in (DEFAULT_TRACKING_URI, f"sqlite:///{Path('mlflow.db').resolve()}")
    command = "mlflow ui" if default else f"mlflow ui --backend-store-uri {store}"
    return LOCAL_INTERFACE, f" (start it with: {command})"


@dataclass(frozen=True)
class CellsView:
    """A view of the cells of a suite in MLflow's interface.

    It shows the runs that the suite carried out or took over, best first, with several seeds of a
    cell as one group. Its charts are the overall metrics, the learning curves and the accuracy of each
    style.
    """

    destination: Destination
    design: Design
    reused: Mapping[str, str]

    @property
    def group_tag(self) -> str:
        """The tag of a run that says which cell of this design it belongs to."""
        return cell_tag(factor.name for factor in self.design.factors)

    @property
    def names_runs(self) -> bool:
        """Whether the reused runs are few enough to be named one by one."""
        return len(self.reused) <= MOST_NAMED

    def save(self) -> str:
        """Save the view in the experiment and return its address, relative to the interface's."""
        client, experiment_id = self.destination.client, self.destination.experiment_id
        # The interface reads the state as JSON, compressed by zlib, in base64, after the word "deflate".
        packed = base64.b64encode(zlib.compress(self._state.encode())).decode()
        name = f"suite {client.get_run(self.destination.parent_id).info.run_name}"
        view = {"name": name, "createdAt": int(time.time() * 1000), "state": f"deflate;{packed}"}
        client.set_experiment_tag(experiment_id, f"{VIEW_TAG}{self._key}", json.dumps(view))
        return self.address

    @property
    def address(self) -> str:
        """The address that opens the runs page as charts in this view, relative to the interface's."""
        query = {
            "compareRunsMode": "CHART",
            "viewStateShareKey": self._key,
            "workflowType": "machine_learning",
        }
        return f"#/experiments/{self.destination.experiment_id}/runs?{urlencode(query)}"

    @property
    def _key(self) -> str:
        """A digest of the state: saving the same view twice leaves one tag."""
        return hashlib.sha256(self._state.encode()).hexdigest()[:16]

    @cached_property
    def _state(self) -> str:
        """The state of the runs page as JSON; keys that are left out have the interface's defaults."""
        metrics = [f"metrics.`{test_metric(key)}`" for key in METRICS]
        params = [f"params.`{factor.name}`" for factor in self.design.factors]
        widths = {NAME_COLUMN: 260, **dict.fromkeys(metrics, 120), **dict.fromkeys(params, 90)}  # in pixels
        state = {
            "searchFilter": f"{CELLS} and {self._filter()}",
            "orderByKey": metrics[0],  # in the default order, by date, cells are folded under their parent
            "orderByAsc": False,
            "runsHiddenMode": "SHOW_ALL",  # the default shows the charts of ten runs only
            "selectedColumns": [*metrics, *params],
            "columnOrder": list(widths),
            "columnWidths": widths,
            "isAccordionReordered": True,  # keeps the order of the sections; the interface adds their charts
            "compareRunSections": [
                {"uuid": section, "name": section, "display": unfolded, "isReordered": False}
                for section, unfolded in SECTIONS.items()
            ],
            "compareRunCharts": [],
        }
        if len(self.design.seeds) > 1:
            state |= self._groups()
        return json.dumps(state, sort_keys=True)

    def _groups(self) -> dict:
        """Return the part of the state that folds the seeds of a cell into one group, shown as their mean."""
        tag = self.group_tag
        return {
            "groupBy": {"aggregateFunction": "average", "groupByKeys": [{"mode": "tag", "groupByData": tag}]},
            "groupsExpanded": {f"tag.{tag}.{self.design.label(cell)}": False for cell in self.design.cells},
        }

    def _filter(self) -> str:
        """Return the search condition for the suite's cells.

        A reused run carries the tag of the suite that finished it. So if there are any, all runs are
        named by their ids; if they are too many, the condition is that they used the same images.
        """
        own = f"tags.{SUITE} = '{self.destination.parent_id}'"
        if not self.reused:
            return own
        if self.names_runs:
            run_ids = {*self.reused.values(), *(run.info.run_id for run in self.destination.search(own))}
            if len(run_ids) <= MOST_NAMED:
                quoted = ", ".join(f"'{run_id}'" for run_id in sorted(run_ids))
                return f"attributes.run_id IN ({quoted})"
        digest = self.destination.client.get_run(self.destination.parent_id).data.tags[DATA]
        return f"tags.{DATA} = '{digest}'"
