"""Where a template's own names hold: what is set inside a loop is lost after it, which is easily overlooked.

`{% set total = 0 %}{% for l in lines %}{% set total = total + l.qty %}{% endfor %}{{ total }}` writes 0. Such a
template is refused when it is saved; sums are for the filter `sum`.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import TemplateError, nodes


def check_sets(tree: nodes.Template) -> None:
    """Check that no loop sets what it, or what is around it, has from outside. Raises TemplateError."""
    _check_block(tree.body, outside=frozenset())


def _check_block(body: list[nodes.Node], outside: frozenset[str]) -> None:
    """Check the loops of one scope; `outside` are the names set in the scopes around it."""
    here = frozenset(_set_in(body)) | outside
    for loop in _loops(body):
        lost = frozenset(_set_in(loop.body)) & here
        if lost:
            name = min(lost)
            raise TemplateError(
                f"it sets {name!r} inside a loop, and what is set there is lost after each round: a sum over lines is "
                '{{ lines | sum("qty", "unit_price") }}'
            )
        _check_block(loop.body, here)
        _check_block(loop.else_, here)


def _set_in(body: list[nodes.Node]) -> Iterator[str]:
    """Yield what a scope sets itself, not what loops in it do."""
    for node in _own(body):
        if isinstance(node, nodes.Assign):
            yield from (target.name for target in _targets(node.target))


def _targets(node: nodes.Node) -> Iterator[nodes.Name]:
    return iter([node]) if isinstance(node, nodes.Name) else node.find_all(nodes.Name)


def _loops(body: list[nodes.Node]) -> Iterator[nodes.For]:
    return (node for node in _own(body) if isinstance(node, nodes.For))


def _own(body: list[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield the nodes of a scope: those in conditions too, but not those in loops."""
    for node in body:
        yield node
        if not isinstance(node, nodes.For):
            yield from _own(list(node.iter_child_nodes()))
