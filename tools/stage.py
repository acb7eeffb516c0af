"""What samconfig.toml says of a stage. `python -m tools.stage dev Architecture` prints a parameter of it."""

import argparse
import tomllib

from analytics.template import ROOT, load
from electrocloud.domain.errors import UsageError


def settings_of(stage: str) -> tuple[str, dict[str, str]]:
    """The stack's name and the parameters that samconfig.toml sets for a stage."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    try:
        deploy = config[stage]["deploy"]["parameters"]
    except KeyError:
        raise UsageError(f"samconfig.toml has no stage {stage}; it has dev and prod") from None
    overrides = (pair.split("=", 1) for pair in deploy["parameter_overrides"].split())
    return deploy["stack_name"], dict(overrides)


def parameters_of(stage: str) -> dict[str, str]:
    """All parameters of a stage, with the template's defaults for those that samconfig.toml does not set."""
    defaults = {name: str(body["Default"]) for name, body in load()["Parameters"].items() if "Default" in body}
    return defaults | settings_of(stage)[1]


def main() -> None:
    """Print a parameter of a stage."""
    parser = argparse.ArgumentParser(prog="python -m tools.stage", description=__doc__)
    parser.add_argument("stage", help="dev or prod, of samconfig.toml")
    parser.add_argument("parameter", help="a parameter of template.yaml")
    arguments = parser.parse_args()
    try:
        print(parameters_of(arguments.stage)[arguments.parameter])
    except UsageError as fault:
        parser.exit(1, f"{fault}\n")
    except KeyError:
        parser.exit(1, f"template.yaml has no parameter {arguments.parameter}\n")


if __name__ == "__main__":
    main()
