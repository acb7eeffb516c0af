"""The commands of customers' accounts: what they owe, and their payments."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.output_option import JsonOption, OutputOption, chosen

app = typer.Typer(no_args_is_help=True, help="Show what accounts owe, and record payments.")

AccountId = Annotated[str, typer.Argument(help="Account ID.", show_default=False)]


@app.command()
def show(account: AccountId, output: OutputOption = None, as_json: JsonOption = False) -> None:
    """List an account's final bills and its payments, with its balance."""
    from cli.accounts import show

    show(account, chosen(output, as_json=as_json))


@app.command()
def pay(
    account: AccountId,
    amount: Annotated[str, typer.Option(help="Amount, such as 45.10; below 0 for one that went back.")],
    day: Annotated[str, typer.Option("--date", help="Day of the payment, YYYY-MM-DD.")],
    payment_id: Annotated[str, typer.Option("--id", help="The bank's or cashier's ID, unique among all payments.")],
    currency: Annotated[str, typer.Option(help="Default: the tariffs' currency, where they have one.")] = "",
    reference: Annotated[str, typer.Option(help="What the payer wrote.")] = "",
) -> None:
    """Record a payment.

    It is safe to run again: a payment counts once by its ID. To take one back, record another one below 0.
    """
    from cli.accounts import pay

    pay(
        {
            "id": payment_id,
            "account": account,
            "date": day,
            "amount": amount,
            "currency": currency,
            "reference": reference,
        }
    )


@app.command("import-payments")
def import_payments(
    file: Annotated[Path, typer.Argument(help="CSV with id, account, date, amount; maybe currency, reference.")],
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record the payments of a CSV file.

    Each is recorded or refused by itself, with the reason. It is safe to run again: a payment counts once by its ID.
    """
    from cli.accounts import import_payments

    import_payments(file, chosen(output, as_json=as_json))
