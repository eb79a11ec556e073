"""A device as a process of its own: tells that it is online, has a last will, sends a reading now and then.

Arguments: port of the broker, name, `dated` or `undated` (whether its will bears the ts of its connection).
"""

import json
import sys
import time

import paho.mqtt.client as mqtt

port, name, will = int(sys.argv[1]), sys.argv[2], sys.argv[3]
status = f"devices/{name}/status"


def message(state, at):
    return json.dumps({"state": state, "ts": int(at * 1000)} if at else {"state": state})


def connected(client, *_):
    client.publish(status, message("online", connection), qos=1, retain=True)


while True:
    connection = time.time()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
    client.will_set(status, message("offline", connection if will == "dated" else None), qos=1, retain=True)
    client.on_connect = connected
    try:
        client.connect("127.0.0.1", port, keepalive=5)
        client.loop_start()
        time.sleep(0.2)
        while client.is_connected():
            reading = {"ts": int(time.time() * 1000), "values": {"mach": 0.5}}
            client.publish(f"devices/{name}/telemetry", json.dumps(reading), qos=1)
            time.sleep(0.1)
        client.loop_stop()
    except OSError:
        pass
    time.sleep(0.1)
