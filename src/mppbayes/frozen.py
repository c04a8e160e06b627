"""A hashable mapping, for frozen data that maps names to values."""

from collections.abc import Iterator, Mapping


class FrozenMapping[V](Mapping[str, V]):
    """A mapping that cannot change; two are equal where their items are, in any order."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._items = dict(items or {})

    def __getitem__(self, name: str) -> V:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)
