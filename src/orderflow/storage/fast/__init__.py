"""Short transactions in PostgreSQL, of many small steps: few questions, few messages.

The way:

1. `holding` asks once about all orders that a transaction is about, instead of once for each step.
2. `statements` keeps what the steps write, joins what is one statement, and sends it with the next question or the
   commit, in one message.

The steps are those of `flow/` and know nothing of it. Who puts them together is `entrypoints/api/fast`.
"""
