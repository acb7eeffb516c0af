"""What the gateway answers itself, without the integration."""

from electrocloud.domain.errors import ElectroCloudError


class RefusedError(ElectroCloudError):
    """A call that goes no further. `type` is API Gateway's name of the gateway response, such as THROTTLED."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(message)
        self.type = type_
