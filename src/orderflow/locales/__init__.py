"""What is said to people in languages other than English: one catalogue each, by the codes that never change.

`errors` holds the sentences of the API's errors by `details.reason`. English is where each error is declared.
"""
