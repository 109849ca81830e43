"""Let MLflow build the environment without conda.

Writes python_env.yaml from the Python version and the pip section of conda.yaml. MLflow prefers it over
conda.yaml, so that from then on `mlflow run . -e ablate` needs neither conda nor pyenv.
"""

from pathlib import Path

import yaml

from ablations.process import commands
from ablations.process.terminal import echo

ROOT = Path(__file__).resolve().parents[2]


def python_env(conda: dict) -> dict:
    """Convert the contents of conda.yaml to those of python_env.yaml."""
    packages = conda["dependencies"]
    python = next(p.partition("=")[2] for p in packages if isinstance(p, str) and p.startswith("python="))
    pip = next(p["pip"] for p in packages if isinstance(p, dict))
    return {"python": python, "build_dependencies": ["pip"], "dependencies": pip}


@commands.command(__doc__, example="mlflow run . -e setup --env-manager uv", options={})
def command() -> None:
    """Write python_env.yaml."""
    target = ROOT / "python_env.yaml"
    conda = yaml.safe_load((ROOT / "conda.yaml").read_text())
    target.write_text(
        "# written by the entry point setup\n" + yaml.safe_dump(python_env(conda), sort_keys=False)
    )
    echo(f"wrote {target}; from now on: mlflow run . -e ablate")


if __name__ == "__main__":
    command()
