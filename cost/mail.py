"""Counts the AWS units of mailing every bill of a month."""

MAIL_BYTES = 48_000  # an invoice of one page as PDF, in base64
LOG_WRITES = 2  # before a mail is sent, and after


def mail_units(bills: int) -> dict[str, float]:
    """The billed units by the names in the price list, of so many bills, each mailed once."""
    return {"mails": bills, "mail_gb": bills * MAIL_BYTES / 1e9, "write_units": bills * LOG_WRITES}
