"""ElectroCloud runs from a checkout. A wheel would lack its template, its SQL and its tariffs, so none can be built."""

from setuptools import setup
from setuptools.command.build_py import build_py


class CheckoutOnly(build_py):
    """Allows `pip install --editable .`, which `make setup` runs, and refuses a wheel."""

    def run(self) -> None:
        """Build in place, or refuse."""
        if not self.editable_mode:
            raise SystemExit("ElectroCloud runs from its checkout, not from a wheel: clone it and run `make setup`")
        super().run()


setup(cmdclass={"build_py": CheckoutOnly})
