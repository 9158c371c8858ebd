"""Opening hours: when an ERP may be sent orders. No database here, and no clock: who asks says at which moment.

`hours` calculates, `written` reads what people wrote and tells what is wrong with it, `public_holidays` knows the
holidays of countries.
"""
