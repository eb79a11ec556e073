"""A whole device with plain paho, in 60 lines of code: telemetry, status, twin and commands as docs/wire.md has them.

Its channel supply_temperature is a heat pump's: put those of your device model in its place.

Example: DEVICE_PASSWORD=... python docs/example_device.py hp-1 broker.example.com 1883
"""

import hashlib
import json
import os
import sys
import time

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

NAME, HOST, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
settings = {"sampling_seconds": 60}
answered = {}  # the last answer to each request; a real device keeps it in flash, and forgets what has expired


def written(**body):
    return json.dumps({"ts": int(time.time() * 1000), **body}).encode()


def say(topic, payload, properties=None, retain=False):
    client.publish(f"devices/{NAME}/{topic}", payload, qos=1, retain=retain, properties=properties)


def answer(request, payload, **user):
    properties = Properties(PacketTypes.PUBLISH)
    properties.CorrelationData = request["correlation"]
    properties.UserProperty = [(key.replace("_", "-"), str(value)) for key, value in user.items()]
    say(f"commands/{request['id']}/response", payload, properties)


def snapshot(request):
    return {"values": {"supply_temperature": 41.5}, "settings": settings}


def log(request):
    text = b"all is well\n" * request["arguments"].get("lines", 100)
    pieces = [text[at : at + 262_144] for at in range(0, len(text), 262_144)]
    file = {"name": "device.log", "sha256": hashlib.sha256(text).hexdigest(), "parts": len(pieces)}
    for part, piece in enumerate(pieces, 1):
        answer(request, piece, part=part, content_type="text/plain", **file)
    return {"files": [{**file, "size": len(text)}]}


def carry_out(request):
    command = {"snapshot": snapshot, "log": log}.get(request["command"])
    if command is None:
        return written(state="failed", error={"code": "unknown_command", "message": "firmware 1.0 does not know it"})
    return written(state="succeeded", result=command(request))


def heard(client, _data, message):
    body = json.loads(message.payload)
    if message.topic.endswith("/twin/desired"):
        seconds = body["desired"].get("sampling_seconds", settings["sampling_seconds"])
        refused = {key: "no such setting" for key in body["desired"] if key not in settings}
        if isinstance(seconds, int) and 1 <= seconds <= 3600:
            settings["sampling_seconds"] = seconds
        else:
            refused["sampling_seconds"] = "1 to 3600"
        say("twin/reported", written(reported=settings, version=body["version"], refused=refused))
        return
    request = {**body, "correlation": message.properties.CorrelationData}
    if request["id"] not in answered:
        answered[request["id"]] = written(state="acknowledged")
        answer(request, answered[request["id"]])
        answered[request["id"]] = carry_out(request)
    answer(request, answered[request["id"]])


def connected(client, _data, _flags, _reason, _properties):
    client.subscribe([(f"devices/{NAME}/twin/desired", 1), (f"devices/{NAME}/commands/+/request", 1)])
    say("status", written(state="online"), retain=True)
    say("twin/reported", written(reported=settings, firmware="1.0"))


client = Client(CallbackAPIVersion.VERSION2, client_id=NAME, protocol=MQTTv5)
client.username_pw_set(NAME, os.environ.get("DEVICE_PASSWORD"))
client.on_connect, client.on_message = connected, heard
client.suppress_exceptions = True  # a message that cannot be read must not make the device deaf
client.will_set(f"devices/{NAME}/status", b'{"state": "offline"}', qos=1, retain=True)
wishes = Properties(PacketTypes.CONNECT)
wishes.SessionExpiryInterval = 86_400  # requests wait at the broker for a day
client.connect(HOST, PORT, clean_start=False, properties=wishes)
client.loop_start()
while True:
    say("telemetry", written(values={"supply_temperature": 41.5}))
    time.sleep(settings["sampling_seconds"])
