"""An edge node and a device behind it, made of the library pysparkplug as it is. Imports nothing of ours.

Told what to do by lines on standard input (`data`, `leave`, `vanish`); says on standard output what it did and heard.
"""

import os
import sys

import pysparkplug as psp

HOST, PORT, NAME = sys.argv[1:]
NOON = 1_769_860_800_000
INTEGERS = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")


def say(text):
    print(text, flush=True)


def metric(name, datatype, value, seconds):
    return psp.Metric(timestamp=NOON + seconds * 1000, name=name, datatype=datatype, value=value)


def every_numeric_type(seconds):
    """The lowest value of each integer type, and something of the others."""
    for name in INTEGERS:
        bits = int(name.rpartition("T")[2])
        yield metric(name.lower(), psp.DataType[name], 0 if name[0] == "U" else -(1 << bits - 1), seconds)
    yield metric("mach", psp.DataType.FLOAT, 0.75, seconds)
    yield metric("altitude", psp.DataType.DOUBLE, -12.5, seconds)
    yield metric("running", psp.DataType.BOOLEAN, True, seconds)
    yield metric("recipe", psp.DataType.STRING, "bread", seconds)
    yield metric("absent", psp.DataType.DOUBLE, None, seconds)


def heard(_node, message):
    say(f"heard {message.topic.message_type} {[metric.name for metric in message.payload.metrics]}")


node = psp.EdgeNode("plant", NAME, [*every_numeric_type(0)], cmd_callback=heard)
node.register(psp.Device("pump", [metric("mach", psp.DataType.FLOAT, 0.25, 0)]))
node.connect(HOST, port=int(PORT))
say("connecting")
for line in sys.stdin:
    match line.strip():
        case "data":
            node.update([*every_numeric_type(1)])
            node.update_device("pump", [metric("mach", psp.DataType.FLOAT, 0.5, 1)])
        case "leave":
            node.disconnect()
        case "vanish":
            os._exit(1)
