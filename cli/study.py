"""`electrocloud study`: make, list and show tariff studies."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from analytics.studies.background import new_study, run_study
from analytics.studies.run import Progress
from analytics.studies.study_store import StudyStore, is_lost
from cli.choices import Output
from cli.rows import Rows, print_rows
from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import UsageError
from electrocloud.domain.studies.price_change import Component, parse_change
from electrocloud.domain.studies.study import CustomerResult, Group, Study, StudyRequest
from presentation import study_files, study_text
from presentation.money_text import money

LISTED = 50
SHOWN = 10  # of those who save most, and of those who pay most
COLUMNS = tuple(name for name in CustomerResult.__struct_fields__ if name not in ("by_engine", "meter_ids"))


def run(
    tariff: str,
    tariff_file: Path | None,
    changes: list[str],
    first: str,
    last: str,
    customer_class: str,
    feeder: str,
    keep: Component | str,
    to_csv: Path | None,
    to_xlsx: Path | None,
    output: Output | None,
) -> None:
    """Make a study here, with a progress bar, store it, and print it."""
    newest = (datetime.now(UTC).date().replace(day=1) - timedelta(days=1)).replace(day=1)
    request = StudyRequest(
        first_month=first or f"{_year_ago(newest):%Y-%m}",
        last_month=last or f"{newest:%Y-%m}",
        customer_class=customer_class,
        feeder=feeder,
        tariff_id=tariff,
        document=_document(tariff_file) if tariff_file else None,
        changes=tuple(map(parse_change, changes)),
        keep=keep,  # type: ignore[arg-type]
    )
    stack = find_stack()
    store = StudyStore(stack.client("s3"), stack.bucket)
    study = new_study(store, request, getpass.getuser())
    with _progress() as progress:
        study = run_study(stack, store, study, progress)
    _show(store, study, to_csv, to_xlsx, output)


def list_studies(output: Output | None) -> None:
    """Print the newest studies."""
    stack = find_stack()
    rows = []
    now = datetime.now(UTC)
    for one in StudyStore(stack.client("s3"), stack.bucket).newest(LISTED):
        total = one.result.total if one.result else None
        status = "stopped" if is_lost(one, now) else one.status
        change = total.then - total.now if total else None
        rows.append((one.study_id, status, one.made_by, study_text.title(one), total and total.customers, change))
    columns = ("study", "status", "made_by", "prices", "customers", "revenue_change")
    print_rows(Rows(columns, rows, empty="No studies. `electrocloud study run` makes one."), output)


def show(study_id: str, to_csv: Path | None, to_xlsx: Path | None, output: Output | None) -> None:
    """Print a stored study."""
    stack = find_stack()
    store = StudyStore(stack.client("s3"), stack.bucket)
    study = store.get(study_id)
    if study.result is None:
        why = (
            f": {study.error}" if study.error else f", {study.step} {study.done:,} of {study.of:,}" if study.of else ""
        )
        raise UsageError(f"the study {study_id} is {study.status}{why}")
    _show(store, study, to_csv, to_xlsx, output)


def _show(store: StudyStore, study: Study, to_csv: Path | None, to_xlsx: Path | None, output: Output | None) -> None:
    customers = store.customers(study.study_id)
    if to_csv:
        to_csv.write_bytes(study_files.as_csv(customers))
    if to_xlsx:
        to_xlsx.write_bytes(study_files.as_xlsx(study, customers))
    if output is Output.json:
        typer.echo(msgspec.json.Encoder(decimal_format="number").encode(study).decode())
    elif output in (Output.csv, Output.tsv):
        print_rows(_rows(customers), output)
    else:
        _print(Console(), study, customers)


def _print(console: Console, study: Study, customers: list[CustomerResult]) -> None:
    result = study.result
    assert result
    console.print(study_text.title(study), style="bold", markup=False)
    for sentence in (study_text.headline(result), study_text.revenue(result)):
        console.print(sentence, markup=False, highlight=False)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Class")
    for name in ("Customers", "Save", "Pay more", "Now", "Then", "Middle change"):
        table.add_column(name, justify="right")
    for group in (*result.by_class, result.total):
        table.add_row(*_cells(group, result.currency))
    console.print(table)
    for name, found in (("Save most", customers[:SHOWN]), ("Pay most", customers[: -SHOWN - 1 : -1])):
        wanted = [one for one in found if (one.change < 0) == (name == "Save most") and one.change]
        listed = ", ".join(f"{one.agreement_id} {money(one.change, result.currency, sign=True)}" for one in wanted)
        console.print(f"{name}: {listed or 'nobody'}.", markup=False, highlight=False)
    if text := study_text.neutral(result):
        console.print(text, markup=False, highlight=False)
        for price in study_text.prices(result.neutral.prices if result.neutral else ()):
            line = f"  {price['Tariff']}: {price['Price']}: {price['Studied']} -> {price['Changed']} {price['Unit']}"
            console.print(line, markup=False, highlight=False)
    for sentence in study_text.source(study):
        console.print(sentence, style="dim", markup=False, highlight=False)


def _cells(group: Group, currency: str) -> list[str]:
    counts = [f"{number:,}" for number in (group.customers, group.save, group.pay_more)]
    return [group.name, *counts, *(money(amount, currency) for amount in (group.now, group.then, group.median_change))]


def _rows(customers: list[CustomerResult]) -> Rows:
    columns = (*COLUMNS, "change", "outcome")
    return Rows(columns, [[getattr(one, name) for name in columns] for one in customers])


def _document(path: Path) -> dict[str, object]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except (msgspec.DecodeError, msgspec.ValidationError) as fault:
        raise UsageError(f"{path} is no tariff in URDB JSON: {fault}") from None


def _year_ago(month: date) -> date:
    """The first of the twelve months that end with a month."""
    return (month + timedelta(days=31)).replace(year=(month + timedelta(days=31)).year - 1, day=1)


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("reading the registry", total=None)
        yield lambda step, done, of: bar.update(task, description=step, completed=done, total=of)
