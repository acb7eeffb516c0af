"""Erases a customer, or a meter with the bills that have readings of it.

Of a customer, name, mailing address, e-mail, language and the references of payments are erased, wherever they are. The
account's ID stays, in agreements, bills and payments: it says that somebody owed an amount, and no longer who that was.
"""

from typing import NamedTuple

from analytics.erasure import StoredData, erase_meter
from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import S3Client
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.mail_log import MailLog
from electrocloud.aws.store.payments import PaymentStore
from electrocloud.aws.store.search_index import PREFIX
from electrocloud.domain.errors import UsageError
from electrocloud.domain.registry.records import Account, Registry
from registry.desk import RegistryDesk

ERASED = "erased"  # the name of such an account
MOST_POINTS = 10_000


class StoredPerson(NamedTuple):
    """How much is stored about a customer: accounts, entries of the search index, old versions of its objects, e-mail
    addresses of mailed invoices, and references of payments.
    """

    accounts: int
    entries: int
    versions: int
    mailings: int
    references: int


def erase_account(stack: Stack, account_id: str, *, confirm: bool) -> StoredPerson:
    """Find a customer's personal data and, with `confirm`, erase them. It is safe to run again.

    The index's old versions have the names of all customers: they are deleted as a whole. `UsageError` where there is
    no such account.
    """
    desk = RegistryDesk(stack)
    account = desk.account(account_id)
    if account is None:
        raise UsageError(f"there is no account {account_id}; `electrocloud registry search` finds customers")
    entries = [entry for entry in desk.search(account_id, MOST_POINTS) if entry.account_id == account_id]
    blank = Account(account_id=account_id, name=ERASED)
    if confirm and account != blank:
        points = {entry.service_point_id for entry in entries}
        desk.change(points, [account_id], "account erased", lambda _: Registry(accounts={blank.key: blank}))
    versions = _old_versions(stack.client("s3"), stack.bucket, confirm=confirm)
    named = [entry for entry in entries if entry.name != ERASED]
    mailings = MailLog(stack.client("dynamodb"), stack.accounts_table, pause)
    mailed = mailings.erase_addresses(account_id, confirm=confirm)
    payments = PaymentStore(stack.client("dynamodb"), stack.accounts_table, pause)
    references = payments.erase_references(account_id, confirm=confirm)
    return StoredPerson(int(account != blank), len(named), versions, mailed, references)


def erase_installed_meter(stack: Stack, meter_id: str, *, confirm: bool) -> StoredData:
    """Find everything stored about a meter and, with `confirm`, delete it. It is safe to run again.

    Its installations go, and the bills that have readings of it, whichever meter came before or after. Agreements stay:
    they say who was served. The search index's old versions name the meter: they are deleted as a whole.
    """
    desk = RegistryDesk(stack)
    points = desk.store.points_of_meters([meter_id]).get(meter_id, ())
    histories = desk.store.histories(points).values()
    installations = sum(one.meter_id == meter_id for history in histories for one in history.installations)
    agreements = list(dict.fromkeys(one.agreement_id for history in histories for one in history.agreements))
    if confirm:
        desk.remove_meter(meter_id)
    versions = _old_versions(stack.client("s3"), stack.bucket, confirm=confirm) if points else 0
    found = erase_meter(stack, meter_id, confirm=confirm, agreements=agreements)
    return found._replace(registered=found.registered + installations, versions=found.versions + versions)


def _old_versions(s3: S3Client, bucket: str, *, confirm: bool) -> int:
    """How many versions of the search index are not the latest ones; with `confirm` they are deleted."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=PREFIX)
    old = [one for page in pages for one in page.get("Versions", []) if not one["IsLatest"]]
    for version in old if confirm else ():
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    return len(old)
