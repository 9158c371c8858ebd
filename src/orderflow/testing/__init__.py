"""For connector authors and our own tests.

`conformance` is the contract of a connector as tests, `engine` carries orders without a database, `memory` has
targets that live in memory, `http_server` and `sftp_server` are servers that misbehave on request.
"""
