"""Text that others wrote, where people read it: nothing in it acts on a terminal, hides, or turns the line around."""

from __future__ import annotations

import re

from orderflow.domain.errors import InputError

# Control characters (Cc), marks that set the direction of writing or cannot be seen, separators of lines, and halves
# of surrogate pairs. Sources: Unicode 15.1, chapter 23; UTR 36, section 2.10; UAX 9, section 2 (bidi controls).
_ACTING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_UNSEEN = re.compile(f"[{_ACTING}]")
_UNSEEN_IN_A_LINE = re.compile(f"[\t\n{_ACTING}]")
LONGEST_NAME = 200


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return `text` with every character that acts or hides written out, as `\x1b` or `\u202e`.

    Args:
        lines: Leave line breaks (`\n`) and tabs as they are.
    """
    return (_UNSEEN if lines else _UNSEEN_IN_A_LINE).sub(lambda found: _escaped(found[0]), text)


def name_for_people(text: str) -> str:
    """Return a name of one line, without white space around it.

    Raises:
        ValueError: It is blank, too long, or holds characters that act on a terminal, hide or turn the line around.
    """
    name = text.strip()
    if not name:
        raise ValueError("must not be blank")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"must have at most {LONGEST_NAME} characters")
    if found := _UNSEEN_IN_A_LINE.search(name):
        raise ValueError(f"must not hold line breaks, control or direction characters, as {_escaped(found[0])} here")
    return name


def checked_name(text: str, field: str = "name") -> str:
    """Return a name as `name_for_people` does. Raises InputError, which names `field`."""
    try:
        return name_for_people(text)
    except ValueError as error:
        raise InputError(
            f"The {field} cannot be used: it {error}.", details={"fields": [{"field": field, "message": str(error)}]}
        ) from None


def _escaped(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode() if character > "\x7f" else repr(character)[1:-1]
