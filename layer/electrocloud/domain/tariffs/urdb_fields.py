"""Every field of a tariff document: its names, what it means, its unit, and what is done with it.

The fields of URDB (https://openei.org/services/doc/rest/util_rates, all versions), the names that other programs and
URDB's bulk download give them, and this system's own. docs/tariffs.md is made from this table.
"""

from functools import cache
from typing import Literal, NamedTuple

Treatment = Literal["billed", "shown", "no effect", "refused"]


class Field(NamedTuple):
    """A field of a tariff document; `aliases` are its other names, and `note` says more of its treatment.

    `billed` changes the bill. `shown` names or dates the tariff or says whom it is for. `no effect`: whatever it holds,
    the bill of one meter is the same. `refused`: it would change the bill in a way that is not computed, so a document
    is refused where the field has any value but zero.
    """

    name: str
    meaning: str
    unit: str
    treatment: Treatment
    aliases: tuple[str, ...] = ()
    note: str = ""


FIELDS: dict[str, tuple[Field, ...]] = {
    "Energy": (
        Field(
            "energyratestructure",
            "price of each period, by tier",
            "$/kWh; limits in kWh, kWh daily, kWh/kW, kWh/kW daily",
            "billed",
            ("energyratestrux",),
            "[Tiers](#tiers)",
        ),
        Field(
            "energyweekdayschedule",
            "period of each month and hour, Monday to Friday",
            "",
            "billed",
            ("energyweekdaysched",),
        ),
        Field(
            "energyweekendschedule",
            "period of each month and hour, Saturday and Sunday",
            "",
            "billed",
            ("energyweekendsched",),
        ),
        Field(
            "fueladjustmentsmonthly",
            "added to the energy price, by month",
            "$/kWh",
            "billed",
            ("energyfueladjustments",),
            "A line of its own",
        ),
        Field(
            "tier_allocation",
            "how the tiers are shared by the periods of a month",
            "",
            "billed",
            (),
            "Own field. [Tiers](#tiers)",
        ),
        Field(
            "energy_prices",
            "prices of every hour or quarter-hour beside the tariff's own",
            "$/kWh",
            "billed",
            (),
            "Own field. [Hourly prices](#hourly-prices)",
        ),
    ),
    "Received energy": (
        Field(
            "dgrules",
            "how received energy is credited",
            "Net Metering, Net Billing Instantaneous, Net Billing Hourly, Buy All Sell All",
            "billed",
            (),
            "[Received energy](#received-energy)",
        ),
        Field(
            "ur_metering_option",
            "the same by SAM's number: net metering with credits in kWh (0) or in $ (1), net billing (2), net billing "
            "with carry-over (3), buy all sell all (4)",
            "0 to 4",
            "billed",
            (),
            "SAM's field",
        ),
        Field(
            "sell_rate",
            "one sell rate for all periods and tiers",
            "$/kWh",
            "billed",
            (),
            "Own field; it replaces `sell`",
        ),
        Field(
            "usenetmetering", "whether sell rates are the buy rates", "", "billed", (), "Net Metering without `dgrules`"
        ),
        Field("ur_sell_eq_buy", "whether sell rates are the buy rates", "0 or 1", "billed", (), "SAM's field"),
        Field(
            "ur_nm_credit_month",
            "month of the true-up",
            "0 (January) to 11 (December)",
            "billed",
            (),
            "SAM's field; December without it",
        ),
        Field(
            "ur_nm_yearend_sell_rate",
            "what credits in kWh are worth at the true-up",
            "$/kWh",
            "billed",
            (),
            "SAM's field",
        ),
        Field(
            "ur_nm_credit_rollover",
            "whether net metering keeps credits after the true-up, in $",
            "0 or 1",
            "billed",
            (),
            "SAM's field",
        ),
        Field(
            "ur_nb_credit_expire",
            "whether credits of net billing are lost at the true-up",
            "0 or 1",
            "billed",
            (),
            "SAM's field",
        ),
        Field(
            "ur_nb_apply_credit_current_month",
            "whether net billing with carry-over uses a credit in the bill that earns it",
            "0 or 1",
            "billed",
            (),
            "SAM's field",
        ),
    ),
    "Demand": (
        Field(
            "flatdemandstructure",
            "price of the highest demand at any time, by tier",
            "$/kW",
            "billed",
            ("flatdemandstrux",),
        ),
        Field("flatdemandmonths", "period of each month", "", "billed"),
        Field(
            "flatdemandunit",
            "unit of the demand",
            "kW, kVA",
            "billed",
            ("flatdemandunits",),
            "[Reactive power](#reactive-power)",
        ),
        Field(
            "demandratestructure",
            "price of the highest demand in each period, by tier",
            "$/kW",
            "billed",
            ("demandratestrux",),
        ),
        Field(
            "demandweekdayschedule",
            "period of each month and hour, Monday to Friday",
            "",
            "billed",
            ("demandweekdaysched",),
        ),
        Field(
            "demandweekendschedule",
            "period of each month and hour, Saturday and Sunday",
            "",
            "billed",
            ("demandweekendsched",),
        ),
        Field(
            "demandrateunit",
            "unit of the demand",
            "kW, kVA",
            "billed",
            ("demandrateunits",),
            "[Reactive power](#reactive-power)",
        ),
        Field("demandwindow", "what demand is averaged over", "min", "billed", (), "Without it a reading"),
        Field(
            "demandreactivepowercharge",
            "price of reactive power",
            "$/kvar",
            "billed",
            ("reactivepowercharge",),
            "[Reactive power](#reactive-power)",
        ),
        Field(
            "reactive_energy",
            "price of reactive energy beyond a part of the active energy",
            "$/kvarh, kvarh/kWh",
            "billed",
            (),
            "Own field. [Reactive power](#reactive-power)",
        ),
        Field(
            "power_factor_minimum",
            "power factor below which demand charges rise",
            "0 to 1",
            "billed",
            (),
            "Own field. [Reactive power](#reactive-power)",
        ),
        Field(
            "coincidentratestructure",
            "price of the demand at the time of the system's peak",
            "$/kW",
            "billed",
            ("coincidentratestrux",),
            "[Coincident demand](#coincident-demand)",
        ),
        Field(
            "coincidentrateschedule",
            "period of each month and hour",
            "",
            "billed",
            ("coincidentschedule", "coincidentsched"),
        ),
        Field("coincidentrateunit", "unit of the demand", "kW", "billed", ("coincidentrateunits",)),
        Field("coincident_peaks", "when the system's peaks were", "ISO 8601", "billed", (), "Own field"),
        Field(
            "lookbackpercent",
            "part of an earlier peak that is billed at least",
            "0 to 1, or %",
            "billed",
            (),
            "[Ratchets](#ratchets)",
        ),
        Field("lookbackmonths", "months whose peak counts", "12 of true or false", "billed"),
        Field("lookbackrange", "months before that count", "months", "billed"),
        Field("billing_demand_minimum", "demand that is billed at least", "kW", "billed", (), "Own field"),
        Field(
            "demandratchetpercentage",
            "part of an earlier peak, by month",
            "%",
            "refused",
            ("demandrachetpercentage",),
            "It does not say which earlier peak; `lookbackpercent` with `lookbackrange` does",
        ),
    ),
    "Fixed charges and minimums": (
        Field("fixedchargefirstmeter", "charge for the service", "`fixedchargeunits`", "billed"),
        Field("fixedchargeunits", "unit of the charge", "$/month, $/day, $/year", "billed"),
        Field("fixedmonthlycharge", "charge for the service, before URDB 8", "$/month", "billed"),
        Field(
            "fixedchargeeaaddl",
            "charge for each further meter",
            "`fixedchargeunits`",
            "no effect",
            (),
            "A bill here is of one meter",
        ),
        Field("mincharge", "least amount of the energy, demand and fixed charges", "`minchargeunits`", "billed"),
        Field("minchargeunits", "unit of the least amount", "$/month, $/day, $/year", "billed"),
        Field("minmonthlycharge", "least amount, before URDB 8", "$/month", "billed"),
        Field("annualmincharge", "least amount of a year, before URDB 8", "$/year", "billed", ("annualminimumcharge",)),
        Field(
            "day_charge_basis",
            "whether a day's charge counts the days or 365/12 a month",
            "",
            "billed",
            (),
            "Own field",
        ),
    ),
    "Riders, taxes, calendar": (
        Field("timezone", "zone of the schedules, where no service point says it", "IANA", "billed", (), "Own field"),
        Field(
            "holidays", "days that are priced as others", "", "billed", (), "Own field. [Billing](billing.md#tariffs)"
        ),
        Field(
            "riders", "further charges", "$/kWh, $/month, %", "billed", (), "Own field. [Billing](billing.md#tariffs)"
        ),
        Field("taxes", "taxes", "%", "billed", (), "Own field. [Billing](billing.md#tariffs)"),
        Field("currency", "currency of all amounts", "ISO 4217", "billed", (), "Own field; USD without it"),
    ),
    "Names, dates, customers": (
        Field("label", "URDB's id of the rate", "", "shown"),
        Field("name", "name of the rate", "", "shown", ("ratename",)),
        Field("utility", "name of the utility", "", "shown", ("utilityname",)),
        Field("startdate", "first day of the prices", "s since 1970, or ISO 8601", "shown", ("effectivedate",)),
        Field("enddate", "last day of the prices", "s since 1970, or ISO 8601", "shown"),
        Field(
            "effective", "first day of the prices", "ISO 8601", "shown", (), "Own field; it counts before `startdate`"
        ),
        Field("sector", "kind of customer", "", "shown", (), "Taxes and comparison go by it"),
        Field(
            "peakkwcapacitymin",
            "least demand of a customer",
            "kW",
            "shown",
            ("mindemand", "demandmin"),
            "Comparison goes by it",
        ),
        Field(
            "peakkwcapacitymax",
            "highest demand of a customer",
            "kW",
            "shown",
            ("maxdemand", "demandmax"),
            "Comparison goes by it",
        ),
        Field(
            "peakkwhusagemin",
            "least energy of a customer",
            "kWh a month",
            "shown",
            ("energymin",),
            "Comparison goes by it",
        ),
        Field(
            "peakkwhusagemax",
            "most energy of a customer",
            "kWh a month",
            "shown",
            ("energymax",),
            "Comparison goes by it",
        ),
    ),
    "Without effect on the bill of one meter": (
        Field("uri", "page of the rate", "", "no effect"),
        Field("source", "where the rate was published", "", "no effect", ("sourcereference",)),
        Field("sourceparent", "where that was found", "", "no effect"),
        Field("description", "what the rate is for", "", "no effect"),
        Field("basicinformationcomments", "comments", "", "no effect", ("basiccomments",)),
        Field("energycomments", "comments", "", "no effect"),
        Field("demandcomments", "comments", "", "no effect"),
        Field("fixedcomments", "comments", "", "no effect"),
        Field(
            "energyattrs",
            "labels, and conditions in words",
            "",
            "no effect",
            ("energykeyvals",),
            "Not in a form that can be computed",
        ),
        Field(
            "demandattrs",
            "labels, and conditions in words",
            "",
            "no effect",
            ("demandkeyvals",),
            "Not in a form that can be computed",
        ),
        Field(
            "fixedattrs",
            "labels, and conditions in words",
            "",
            "no effect",
            ("fixedkeyvals",),
            "Not in a form that can be computed",
        ),
        Field("energytoulabels", "names of the energy periods", "", "no effect"),
        Field("demandtoulabels", "names of the demand periods", "", "no effect", ("demandlabels",)),
        Field("approved", "whether URDB's editors checked the rate", "", "no effect"),
        Field("is_default", "whether it is the utility's default rate", "", "no effect"),
        Field("supersedes", "the rate before it", "", "no effect", ("supercedes",)),
        Field("revisions", "when the entry was edited", "s since 1970", "no effect"),
        Field("servicetype", "bundled, delivery or energy", "", "no effect"),
        Field("eiaid", "EIA's number of the utility", "", "no effect"),
        Field("country", "country of the utility", "", "no effect"),
        Field("demandunits", "unit that demand is measured in", "", "no effect"),
        Field("peakkwcapacityhistory", "months that the demand limits look back", "months", "no effect"),
        Field("peakkwhusagehistory", "months that the energy limits look back", "months", "no effect"),
        Field("voltageminimum", "least voltage of the service", "V", "no effect"),
        Field("voltagemaximum", "highest voltage of the service", "V", "no effect"),
        Field("voltagecategory", "primary, secondary or transmission", "", "no effect"),
        Field("phasewiring", "single phase or three phases", "", "no effect"),
    ),
}


@cache
def fields_by_spelling() -> dict[str, Field]:
    """The fields by each of their names, as `spelling` writes them."""
    fields = [field for group in FIELDS.values() for field in group]
    return {spelling(name): field for field in fields for name in (field.name, *field.aliases)}


def spelling(name: str) -> str:
    """A field's name in the one form that `dgRules`, `dg_rules` and `dgrules` share."""
    return name.replace("_", "").replace("-", "").lower()
