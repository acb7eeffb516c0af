"""Responses that the gateway gives itself, without the integration."""

from electrocloud.domain.errors import ElectroCloudError


class RefusedError(ElectroCloudError):
    """A refused call. `type` is API Gateway's name of the gateway response, such as THROTTLED."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(message)
        self.type = type_
