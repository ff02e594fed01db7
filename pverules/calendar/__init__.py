"""Proxmox VE's calendar events: when a schedule runs, whether two are equal, and what they really mean."""

from pverules.calendar.clock import LeftOut, left_out, pass_of
from pverules.calendar.event import CalendarEvent, complaint, longest_gap, normalise
from pverules.calendar.grammar import InvalidSchedule
from pverules.calendar.meaning import meaning

__all__ = [
    "CalendarEvent",
    "InvalidSchedule",
    "LeftOut",
    "complaint",
    "left_out",
    "longest_gap",
    "meaning",
    "normalise",
    "pass_of",
]
