"""Counts the AWS units of the hosted dashboard in a month, from hosting/template.yaml and a team of ten."""

from typing import Any

HOURS = 31 * 24
MIB_PER_GB = 1_024
CPU_UNITS = 1_024  # of one virtual CPU

# Assumptions: ten people who look at a hundred customers on each of 22 days, in two zones.
ZONES = 2
SECRETS = 2  # the cookies' and the provider's
LOAD_UNITS = 0.1  # of the load balancer, on average; a unit is 1 GB or 3,000 open connections an hour
ACCESS_ENTRIES = 10 * 100 * 22 * 3  # objects of the access log: readings, bills and service history of a customer
IMAGE_GB, IMAGES = 0.2, 10  # compressed, as ECR keeps it
LOG_GB = 0.5


def hosting_units(template: dict[str, Any]) -> dict[str, float]:
    """The billed units by the names in the price list, with the template's default size."""
    parameters = {name: one.get("Default") for name, one in template["Parameters"].items()}
    tasks = int(parameters["Tasks"])
    return {
        "fargate_cpu_hours": tasks * HOURS * int(parameters["Cpu"]) / CPU_UNITS,
        "fargate_gb_hours": tasks * HOURS * int(parameters["Memory"]) / MIB_PER_GB,
        "balancer_hours": HOURS,
        "balancer_unit_hours": HOURS * LOAD_UNITS,
        "address_hours": HOURS * (ZONES + tasks),
        "secrets": SECRETS,
        "image_gb": IMAGE_GB * IMAGES,
        "log_gb": LOG_GB,
        "lake_puts": ACCESS_ENTRIES,
    }
