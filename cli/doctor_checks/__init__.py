"""The checks of `doctor`: each module has one, which yields the problems that it finds and notes."""
