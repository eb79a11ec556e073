"""Pretends to be devices: simulates wear and failure, and speaks MQTT and nothing else. Imports none of ours."""
