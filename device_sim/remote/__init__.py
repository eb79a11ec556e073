"""The device's side of diagnostics: what a device does with a desired twin and with commands (docs/wire.md)."""
