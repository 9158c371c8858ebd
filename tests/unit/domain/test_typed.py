"""Values of declared types, also when many threads want a type that none has met before."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import msgspec
import pytest

from orderflow.domain.typed import typed

MANY_AT_ONCE = """
import sys
from dataclasses import make_dataclass
from threading import Barrier, Thread
from orderflow.domain.typed import typed

sys.setswitchinterval(1e-6)
THREADS = 8
started = Barrier(THREADS)

def read(kinds):
    for kind in kinds:
        started.wait()
        assert typed({"parts": [{f"field_{n}": n for n in range(20)}]}, kind).parts[0].field_7 == 7

def kind(number):
    part = make_dataclass(f"Part{number}", [(f"field_{n}", int) for n in range(20)])
    return make_dataclass(f"Whole{number}", [("parts", list[part])])

kinds = [kind(number) for number in range(150)]
threads = [Thread(target=read, args=(kinds,)) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@dataclass
class Part:
    number: int


@dataclass
class Whole:
    parts: list[Part]


def test_plain_data_becomes_what_is_declared():
    assert typed({"parts": [{"number": 7}]}, Whole) == Whole([Part(7)])
    assert typed([{"number": 7}], list[Part]) == [Part(7)]
    with pytest.raises(msgspec.ValidationError, match=r"parts\[0\].number"):
        typed({"parts": [{"number": "7"}]}, Whole)


def test_threads_that_meet_a_type_at_once_do_not_end_the_process():
    done = subprocess.run([sys.executable, "-c", MANY_AT_ONCE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
