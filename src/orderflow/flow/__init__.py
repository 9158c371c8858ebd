"""The way of an order, one step per file.

accept_order → approve_order → request_push → claim → deliver → settle → poll_acks; and beside them
test_connection, probe, retry. Each step is a use case over the ports in `ports/`: no SQL, no HTTP.
"""
