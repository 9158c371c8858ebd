"""The requests that every order takes, quickly: bring in, approve, push.

The way of one of them:

1. `requests` has its routes, which come first in the list that a request is compared with. `bodies.order_in`
   decodes a body in one step; what is wrong with it is looked for only if something is.
2. `routing` gives a request that says nothing but ids in its path to its route, past FastAPI.
3. `together` takes the steps of several callers in one transaction, each with its own answer; one that would wait for
   an order that somebody else has locked (`LockedError`) is taken once more, alone.
4. `storage/fast` asks once about all their orders, and sends all that they write in one message.

What each stage gains is in docs/performance.md, the rules that keep it right are in docs/architecture.md.
"""
