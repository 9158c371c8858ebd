"""Where an order goes: the ordered rules of an organization, and what they say about one order.

`fields` is what a rule may ask for, `conditions` how it asks, `rules` reads what a person wrote down and tells what is
wrong with it, `router` decides, `trace` tells why, `hints` tells which rules can never matter. docs/routing.md is for
those who write rules.
"""
