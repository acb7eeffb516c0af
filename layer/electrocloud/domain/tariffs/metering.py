"""How energy that is received from a customer is credited: SAM's metering options, and the prices of that energy."""

from decimal import Decimal
from typing import Literal, NamedTuple

from electrocloud.domain.tariffs.tiers import Tiers

MeteringOption = Literal[
    "net-metering", "net-metering-dollars", "net-billing", "net-billing-carryover", "buy-all-sell-all"
]
OPTIONS: tuple[MeteringOption, ...] = (  # in the order of SAM's ur_metering_option
    "net-metering",
    "net-metering-dollars",
    "net-billing",
    "net-billing-carryover",
    "buy-all-sell-all",
)
NETTING: tuple[MeteringOption, ...] = OPTIONS[:2]  # over the month, in each energy period


class Metering(NamedTuple):
    """How received energy is credited.

    `sell` has the sell rates by energy period and tier, with the limits of the energy tiers; none where the tariff
    gives none. `by_hour` nets delivered and received energy within each local hour. In the bill of the cycle that
    begins in `true_up_month` (1 to 12) unused credits are paid out: those in kWh at `yearend_rate` ($/kWh). With
    `rollover`, net metering keeps them for later bills, in $; with `expires`, net billing drops them. `same_month` lets
    net billing with carry-over use a credit in the bill that earns it.
    """

    option: MeteringOption
    sell: tuple[Tiers, ...] = ()
    by_hour: bool = False
    true_up_month: int = 12
    yearend_rate: Decimal = Decimal(0)
    rollover: bool = False
    expires: bool = False
    same_month: bool = False

    @property
    def nets(self) -> bool:
        """Whether delivered and received energy are netted over the month, in each energy period."""
        return self.option in NETTING

    @property
    def in_kwh(self) -> bool:
        """Whether credits are kWh, each in its energy period."""
        return self.option == "net-metering"

    @property
    def in_dollars(self) -> bool:
        """Whether what is earned becomes a credit in $, which pays for energy alone."""
        return self.option in ("net-metering-dollars", "net-billing-carryover")

    @property
    def uses_own_month(self) -> bool:
        """Whether a bill may use the credit that it earns."""
        return self.same_month or self.option != "net-billing-carryover"
