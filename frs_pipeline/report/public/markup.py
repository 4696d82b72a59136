"""A page as a tree, for whoever checks every part of it: tags, attributes and texts, whatever a browser makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "input", "br", "hr", "img", "rect", "path", "line", "circle"})


@dataclass(eq=False)
class Node:
    """A tag with its attributes, the texts that stand in it and the tags below it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    parent: Node | None = None
    texts: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        """What stands in it, without what stands in tags below it."""
        return " ".join("".join(self.texts).split())

    @property
    def language(self) -> str:
        """The code of the language that its text is in; empty where it stands for every one of a page with several."""
        around = self.near("lang")
        if around is None:
            return ""
        return "" if around.tag == "html" and "data-only" not in around.attributes else around.attributes["lang"]

    @property
    def place(self) -> str:
        """Where it stands: its tag, and the nearest name around it."""
        around = self.near("id")
        return f"<{self.tag}>" + (f" in {around.attributes['id']}" if around else "")

    def below(self) -> Iterator[Node]:
        """Yield every tag below it."""
        for child in self.children:
            yield child
            yield from child.below()

    def near(self, attribute: str) -> Node | None:
        """Return the nearest tag with an attribute: itself, or one around it."""
        node: Node | None = self
        while node is not None and attribute not in node.attributes:
            node = node.parent
        return node

    def near_tag(self, tag: str) -> Node | None:
        """Return the nearest tag of a kind: itself, or one around it."""
        node: Node | None = self
        while node is not None and node.tag != tag:
            node = node.parent
        return node


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self._at = Node("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len({name for name, _ in attrs}) < len(attrs):
            self.root.odd.append("an attribute stands twice")
        node = Node(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.children.append(node)
        if tag not in _VOID:
            self._at = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._at.tag != tag:
            self.root.odd.append(f"</{tag}> ends nothing")
        elif self._at.parent is not None:
            self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        self._at.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.root.odd.append("a comment")

    def handle_pi(self, data: str) -> None:
        self.root.odd.append("a processing instruction")

    def unknown_decl(self, data: str) -> None:
        self.root.odd.append("a declaration")


def parsed(text: str) -> Node:
    """Parse a page or a drawing; what has no place in one is in `odd` of what it returns."""
    tree = _Tree()
    tree.feed(text)
    tree.close()
    return tree.root
