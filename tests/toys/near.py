"""Computed numbers that are compared inside of lists."""


class Near(float):
    """A number that is equal to all that are near to it.

    Rounding instead would part two numbers that lie next to each other, on both sides of a border; and which do is
    another matter on another processor.
    """

    def __eq__(self, other):
        return isinstance(other, float) and abs(float(self) - float(other)) < 1e-5

    def __ne__(self, other):
        return not self == other

    __hash__ = None
