"""What a connector to an HTTP API must do besides: the contract against a server that does what servers do.

```python
@pytest.fixture
def server():
    with MisbehavingHTTPServer(idempotent=False) as running:
        yield running


class TestMyErp(HttpConformance):
    connector_class = MyErpConnector

    @pytest.fixture
    def good_config(self, server): ...

    @pytest.fixture
    def bad_config(self, server): ...
```
"""

from __future__ import annotations

from orderflow.testing.http_conformance.answers import Answers
from orderflow.testing.http_conformance.content import Content
from orderflow.testing.http_conformance.ends import Ends
from orderflow.testing.http_conformance.fields import FIELDS, NOT_IN_JSON_V1
from orderflow.testing.http_conformance.once import Once
from orderflow.testing.http_conformance.secrecy import Secrecy
from orderflow.testing.http_conformance.sign_in import SignsIn
from orderflow.testing.http_conformance.sorting import Sorting
from orderflow.testing.http_conformance.threads import Threads

__all__ = ["FIELDS", "NOT_IN_JSON_V1", "HttpConformance"]


class HttpConformance(Once, Sorting, Ends, Secrecy, SignsIn, Threads, Content, Answers):
    """What `HttpSuite` says it needs, and all that its parts check."""
