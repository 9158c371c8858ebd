"""AS2 (RFC 4130): a document in an envelope over HTTP, and a signed receipt for it.

The message itself is `outgoing.py`, `incoming.py` and `receipt.py`, on three layers of CMS (RFC 5652): `compressed.py`,
`signed.py`, `enveloped.py`. What comes from outside is read within limits, and every fault of it is a `Fault`.
"""
