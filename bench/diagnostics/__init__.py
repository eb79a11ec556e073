"""Figures of remote commands: round trip, a command to a whole fleet, a killed platform."""
