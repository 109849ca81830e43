"""MLflow's interface in a browser: the links of a suite open its cells and its report without a click."""

import json
import re
import zlib
from base64 import b64decode
from uuid import uuid4

import pytest

from ablations.design.designs import make
from ablations.design.factors import Factor
from ablations.tracking import views
from ablations.tracking.destination import Destination
from tests.conftest import STYLES
from tests.interface import CHROMIUM, chart, link, serving, visiting

FACTORS = ("class_order", "conv_layers", "dropout", "smote")
SECTION = "[data-testid='experiment-view-compare-runs-section-header']"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")


@pytest.fixture(scope="module")
def browser(suite, more):
    """A browser at an MLflow server that has two suites."""
    with serving(suite.uri, suite.environment, suite.folder) as server, visiting(server) as context:
        yield context


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize(
    ("uri", "command"),
    [
        ("sqlite:///mlflow.db", "mlflow ui"),
        ("sqlite:///{here}/mlflow.db", "mlflow ui"),
        ("sqlite:////elsewhere/mlflow.db", "mlflow ui --backend-store-uri sqlite:////elsewhere/mlflow.db"),
        ("postgresql://me:secret@db/mlflow", 'mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI"'),
    ],
)
def test_a_databases_interface_is_started_by_the_user(uri, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert views.interface_address(uri.format(here=tmp_path)) == (
        "http://127.0.0.1:5000",
        f" (start it with: {command})",
    )


def test_a_servers_interface_runs_already():
    assert views.interface_address("https://mlflow.example.org/") == ("https://mlflow.example.org", "")


@pytest.mark.parametrize("runs", [views.MOST_NAMED, views.MOST_NAMED + 1])
def test_a_view_of_many_reused_runs_fits_into_a_tag(suite, runs):
    experiment = suite.client.create_experiment(f"{runs} runs")
    parent = suite.client.create_run(experiment, tags={"data": "these images"}).info.run_id
    destination = Destination(suite.uri, experiment, parent)
    reused = {f"cell-s{n}": uuid4().hex for n in range(runs)}
    levels = tuple(n / 100 for n in range(99))
    design = make("full", [Factor("dropout", levels), Factor("conv_layers", (1, 2, 3, 4, 5))], {}, seeds=2)
    key = re.search("viewStateShareKey=(.+?)&", views.CellsView(destination, design, reused).save())[1]
    [view] = suite.client.get_experiment(experiment).tags.items()
    assert view[0] == f"{views.VIEW_TAG}{key}"
    state = json.loads(zlib.decompress(b64decode(json.loads(view[1])["state"].removeprefix("deflate;"))))
    assert len(state["groupsExpanded"]) == 495
    named = state["searchFilter"].count("', '") + 1
    assert named == (runs if runs <= views.MOST_NAMED else 1)


def expect(locator):
    from playwright.sync_api import expect

    return expect(locator)


def test_cells_of_one_seed_are_sorted_by_accuracy_with_all_charts(page, suite):
    page.goto(link(suite.output, "cells"))
    expect(page.get_by_text("16 matching runs")).to_be_visible()
    sections = [r"test\s*\(3\)", r"train\s*\(2\)", rf"test_class\s*\({len(STYLES) - 1}\)", r"time\s*\(1\)"]
    expect(page.locator(SECTION)).to_have_text([re.compile(f"^{section}") for section in sections])
    expect(chart(page, "test/accuracy")).to_be_in_viewport()
    bars = chart(page, "test/accuracy").locator(".barlayer .point")
    expect(bars).to_have_count(16)  # MLflow's default hides all but ten
    accuracy = {run.info.run_name: run.data.metrics["test/accuracy"] for run in suite.cells()}
    first = page.locator(".ag-row[row-index='0'] a").last
    assert accuracy[first.inner_text()] == max(
        value for name, value in accuracy.items() if name.count(",") == len(FACTORS)
    )


def test_the_table_has_columns_for_metrics_and_factors_only(page, suite):
    page.goto(link(suite.output, "cells").replace("CHART", "TABLE"))
    expect(page.get_by_text("16 matching runs")).to_be_visible()
    header = page.get_by_role("columnheader")
    for name in ("test/accuracy", "test/balanced_accuracy", "test/macro_f1", *FACTORS):
        expect(header.filter(has_text=name).first).to_be_in_viewport()
    expect(header.filter(has_text="Source")).to_have_count(0)


def test_seeds_are_grouped_by_cell_including_reused_runs(page, more):
    page.goto(link(more.stdout, "cells"))
    expect(page.get_by_text("4 matching runs")).to_be_visible()
    for cell in ("SMOTE auto", "no SMOTE"):
        row = page.get_by_role("row").filter(has_text=f"Group: {cell}")
        expect(row).to_have_text(re.compile(rf"Group: {cell}\s*2\b"))
    expect(page.get_by_role("row").filter(has_text=", seed 0")).to_have_count(0)  # the groups are folded
    expect(chart(page, "test/accuracy").locator(".barlayer .point")).to_have_count(2)


def test_the_suites_page_links_the_cells_and_the_report(page, suite):
    parent = suite.parents()[-1].info.run_id
    page.goto(f"/#/experiments/0/runs/{parent}")
    expect(page.get_by_text("All questions together").first).to_be_in_viewport()
    cells = page.get_by_role("link", name="The cells, in charts")
    expect(cells).to_be_in_viewport()
    assert cells.get_attribute("href") == link(suite.output, "cells").removeprefix("/")
    report = page.get_by_role("link", name="the report")
    assert report.get_attribute("href") == link(suite.output, "report").removeprefix("/")


def test_the_report_link_opens_the_report_among_the_artifacts(page, more):
    page.goto(link(more.stdout, "report"))
    report = page.frame_locator("iframe")
    expect(report.get_by_text("SMOTE auto instead of off").first).to_be_visible()
    expect(page.get_by_text("audit.json", exact=True)).to_be_visible()
    page.get_by_text("smote", exact=True).click()
    page.get_by_text("sheet-auto.png").click()
    picture = page.locator("img[src^=blob], img[src*=sheet]").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100


def test_comparing_runs_shows_differing_factors_and_accuracies(page, suite):
    runs = {run.info.run_name: run.info.run_id for run in suite.cells()}
    names = ("sorted, 1 conv, dropout 0.01, no SMOTE", "sorted, 3 conv, dropout 0.1, no SMOTE")
    pair = [runs[f"{name}, seed 0"] for name in names]
    page.goto(f'/#/compare-runs?runs={json.dumps(pair)}&experiments=["0"]')
    for name in ("conv_layers", "dropout", "test/accuracy"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
