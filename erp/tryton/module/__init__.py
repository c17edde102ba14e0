"""Lets a payment carry the key that payrecon gave it, and lets no other payment carry the same."""
from trytond.pool import Pool

from . import payment


def register():
    Pool.register(
        payment.Payment,
        module='payrecon', type_='model')
