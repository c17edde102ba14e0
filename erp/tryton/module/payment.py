from trytond.model import Unique, fields
from trytond.pool import PoolMeta


class Payment(metaclass=PoolMeta):
    __name__ = 'account.payment'

    payrecon_key = fields.Char(
        "Payrecon Key", readonly=True,
        help="Which payment in Precoro this one was made for. "
        "No two payments have the same.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        # A UNIQUE constraint of the database, which brings its own index:
        # only the database sees what two callers do at the same time.
        # Any number of payments may have no key at all.
        cls._sql_constraints.append(
            ('payrecon_key_unique', Unique(table, table.payrecon_key),
                'payrecon.msg_payment_payrecon_key_unique'))

    @classmethod
    def copy(cls, payments, default=None):
        default = default.copy() if default is not None else {}
        # A copy is a payment of its own.
        default.setdefault('payrecon_key', None)
        return super().copy(payments, default=default)
