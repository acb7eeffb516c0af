"""What the metering function finds around it in tests: its environment, and its context."""

from types import SimpleNamespace

ENVIRONMENT = {
    "WINDOWS_TABLE": "windows",
    "BILLS_TABLE": "bills",
    "METERS_TABLE": "meters",
    "TARIFFS_TABLE": "tariffs",
    "SERVICE_POINTS_TABLE": "service_points",
    "BUCKET": "bucket",
    "FUTURE_TOLERANCE_MINUTES": "15",
    "ACCEPT_UNREGISTERED_METERS": "true",
    "PAYMENT_DAYS": "21",
    "POWERTOOLS_SERVICE_NAME": "metering",
    "POWERTOOLS_METRICS_NAMESPACE": "ElectroCloud",
    "POWERTOOLS_TRACE_DISABLED": "true",
}
CONTEXT = SimpleNamespace(
    function_name="metering",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn",
    aws_request_id="r-1",
    get_remaining_time_in_millis=lambda: 90_000,
)
