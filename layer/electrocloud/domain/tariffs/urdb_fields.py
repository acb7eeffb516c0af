"""Which fields of URDB's rates (https://openei.org/services/doc/rest/util_rates) are used, and which are not."""

# fmt: off
USED = frozenset((
    "label", "name", "utility", "timezone", "tier_allocation", "energyratestructure", "energyweekdayschedule",
    "energyweekendschedule", "fixedchargefirstmeter", "fixedchargeunits", "mincharge", "minchargeunits",
    "flatdemandunit", "flatdemandstructure", "flatdemandmonths", "demandrateunit", "demandratestructure",
    "demandweekdayschedule", "demandweekendschedule", "demandwindow", "fueladjustmentsmonthly", "startdate", "enddate",
    "effective", "day_charge_basis", "holidays", "riders", "taxes", "currency", "sector", "peakkwcapacitymin",
    "peakkwcapacitymax", "peakkwhusagemin", "peakkwhusagemax",
))

# Names and comments; how it is supplied; rules for energy that is fed in, which is not metered.
WITHOUT_EFFECT = frozenset((
    "uri", "approved", "is_default", "supercedes", "supersedes", "servicetype", "description", "source",
    "sourceparent", "eiaid", "country", "revisions", "basicinformationcomments", "demandcomments", "energycomments",
    "demandattrs", "energyattrs", "fixedattrs", "energytoulabels", "demandtoulabels", "peakkwcapacityhistory",
    "demandunits", "peakkwhusagehistory", "voltageminimum", "voltagemaximum", "voltagecategory", "phasewiring",
    "coincidentrateunit", "dgrules", "usenetmetering",
))

# Priced in URDB and not supported: taken where all in them is zero, for then they change no bill.
UNSUPPORTED = frozenset((
    "fixedchargeeaaddl", "coincidentratestructure", "coincidentrateschedule", "demandratchetpercentage",
    "demandreactivepowercharge", "lookbackpercent", "lookbackmonths", "lookbackrange", "fixedmonthlycharge",
    "minmonthlycharge", "annualmincharge",
))
# fmt: on
