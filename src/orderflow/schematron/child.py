"""The process in which rules run: it opens no file and no connection, and has an end of memory.

It is started by its file's name, knows nothing of this package, and speaks to who started it over one socket, in JSON:
what it says may come from rules that somebody else wrote.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

LONGEST = 30
"""Seconds for one request, should nobody be there any more to end it before."""

MOST_MEMORY = 768 * 1024 * 1024
"""Bytes of data."""


def serve(connection: Connection) -> None:
    """Answer requests until the other side is gone: `load` a stylesheet, or `check` a document by a loaded one."""
    from saxonche import PySaxonApiError, PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    processor.set_configuration_property("http://saxon.sf.net/feature/allow-external-functions", "off")
    compiler = processor.new_xslt30_processor()
    sheets: dict[str, Any] = {}
    _shut()
    while True:
        try:
            request, name, text = json.loads(connection.recv_bytes())
        except EOFError:
            return
        signal.alarm(LONGEST)
        try:
            if request == "load":
                sheets[name] = compiler.compile_stylesheet(stylesheet_text=text)
                answer = ("done", "")
            else:
                document = processor.parse_xml(xml_text=text)
                answer = ("done", sheets[name].transform_to_string(xdm_node=document))
        except PySaxonApiError as error:
            answer = ("fault", str(error)[:500])
        signal.alarm(0)
        connection.send_bytes(json.dumps(answer).encode())


def _shut() -> None:
    """Give up whatever is not needed to calculate; no later code of this process can have it back."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    serve(Connection(int(sys.argv[1])))
