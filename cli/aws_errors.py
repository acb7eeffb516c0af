"""What errors of boto3 mean, for the person at the terminal."""

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import ElectroCloudError


def sentence_of(error: Exception) -> str | None:
    """A sentence for an error of boto3, None for another."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return f"AWS refused {error.operation_name}: {details.get('Message') or details.get('Code', 'no reason given')}"
    if isinstance(error, NoCredentialsError):
        return "there are no AWS credentials; set them as for the AWS CLI"
    if isinstance(error, EndpointConnectionError):
        return f"{error}. {'Is `electrocloud up` running?' if _on_laptop() else 'Check the network.'}"
    return f"{error}" if isinstance(error, BotoCoreError) else None


def _on_laptop() -> bool:
    try:
        return find_stack().local
    except ElectroCloudError:
        return True
