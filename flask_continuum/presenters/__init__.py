"""Values, differences, names and dates as people read them: pure functions on plain values.

Nothing here knows the web framework, the database or a clock of its own: the time, the time zone
and the sentinel for "not recorded" are arguments, and every result is a frozen dataclass that a
template renders without further logic.
"""
