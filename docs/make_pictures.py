"""Pictures for these pages: MLflow's interface after the default suite on generated paintings.

Takes minutes; the suite's store is in a temporary folder. Example: python -m docs.make_pictures
"""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.conftest import environment_for, mlflow_run
from tests.interface import chart, link, serving, visiting

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run the suite and write the pictures.

    Raises
    ------
    SystemExit
        The suite failed; the message is its output.
    """
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment = environment_for(folder)
        done = mlflow_run(environment, "ablate", out=folder / "results")
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        with serving(environment["MLFLOW_TRACKING_URI"], environment, folder) as server:
            picture(server, link(done.stdout, "cells"), HERE / "cells.png")


def picture(server: str, address: str, path: Path) -> None:
    """Take a picture of the view of a suite's cells: MLflow's assistant closed, names readable."""
    with visiting(server, width=1440, height=1010) as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_role("button", name="Close", exact=True).last.click()
        for metric in ("test/accuracy", "test/balanced_accuracy", "test/macro_f1"):
            chart(page, metric).locator(".barlayer .point").first.wait_for()
        names = page.locator(".react-resizable").first.bounding_box()
        assert names, "the list of names is not visible"
        border, middle = names["x"] + names["width"], names["y"] + names["height"] / 2
        page.mouse.move(border, middle)
        page.mouse.down()
        page.mouse.move(border + 60, middle, steps=5)
        page.mouse.up()
        page.mouse.move(border + 400, 5)
        for metric in ("train/accuracy", "train/loss"):
            chart(page, metric).locator(".scatterlayer .js-line").first.wait_for()
        save(page.screenshot(), path)


def save(screenshot: bytes, path: Path) -> None:
    """Write a screenshot in 64 colours, which is enough for a page of text and bars."""
    Image.open(BytesIO(screenshot)).convert("RGB").quantize(64).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
