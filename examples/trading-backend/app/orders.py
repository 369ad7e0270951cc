"""Orders as a CSV file lists them: symbol, side, quantity."""

import csv
import io
from decimal import Decimal, InvalidOperation

from pydantic import BaseModel


class Order(BaseModel):
    symbol: str
    side: str
    quantity: Decimal


class InvalidOrders(ValueError):
    """Says in which line the file is wrong."""


def read_orders(content: bytes) -> list[Order]:
    try:
        rows = csv.DictReader(io.StringIO(content.decode()))
        return [_order(row, rows.line_num) for row in rows]
    except UnicodeDecodeError as error:
        raise InvalidOrders("the file is not UTF-8") from error


def _order(row: dict, line: int) -> Order:
    try:
        quantity = Decimal(row["quantity"])
        symbol, side = row["symbol"].upper(), row["side"].lower()
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise InvalidOrders(f"line {line}: expected symbol,side,quantity") from error
    if side not in ("buy", "sell") or not quantity > 0:
        raise InvalidOrders(
            f"line {line}: expected a side buy or sell and a quantity above zero"
        )
    return Order(symbol=symbol, side=side, quantity=quantity)
