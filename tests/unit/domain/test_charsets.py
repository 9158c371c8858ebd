"""What Python calls an encoding is a charset only if it writes letters and does nothing else."""

import codecs

import pytest

from orderflow.domain.charsets import known_charset


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "latin-1", "windows-1252", "iso-8859-15", "shift_jis", "KOI8-R"])
def test_charsets_are_known_by_every_name(name):
    assert known_charset(name) == codecs.lookup(name).name


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "zlib", "bz2", "rot13", "uu", "hex", "undefined", "utf-7", "klingon", "\0"]
)
def test_whatever_else_python_knows_by_a_name_is_none(name):
    assert known_charset(name) is None
