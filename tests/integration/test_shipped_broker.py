"""The broker of docker-compose.yml: its configuration and its secrets on a real Mosquitto."""

import ssl
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

from aftercare.embedded import Origin
from aftercare.embedded.ports import free_port, service_answers
from aftercare.embedded.state import fresh_log
from aftercare.supervisor import Child, Supervisor

DEPLOY = Path(__file__).parents[2] / "deploy"


class Broker:
    """The shipped configuration with the paths and ports of this run."""

    def __init__(self, secrets, device_password):
        self.secrets = secrets
        self.device_password = device_password
        self.port = free_port()
        self.tls_port = free_port()

    @property
    def platform_password(self):
        return urlsplit((self.secrets / "aftercare_mqtt_url").read_text()).password


@pytest.fixture(scope="module")
def broker(binaries, tmp_path_factory):
    if binaries.origin is Origin.WHEELS:
        pytest.skip("no Mosquitto on this machine")
    folder = tmp_path_factory.mktemp("shipped")
    make = [sys.executable, DEPLOY / "make-secrets", "--folder", folder / "secrets"]
    subprocess.run(make, check=True)
    device = subprocess.run([*make, "--device", "press-17"], check=True, capture_output=True, text=True).stdout.strip()
    broker = Broker(folder / "secrets", device)
    home = binaries.home(folder, "broker")
    files = {
        "mosquitto_passwords": (folder / "secrets/mosquitto_passwords").read_text(),
        "broker_certificate": (folder / "secrets/broker.crt").read_text(),
        "broker_key": (folder / "secrets/broker.key").read_text(),
        "mosquitto.acl": (DEPLOY / "mosquitto.acl").read_text(),
        "mosquitto.conf": (DEPLOY / "mosquitto.conf")
        .read_text()
        .replace("/run/secrets", home)
        .replace("/mosquitto/config", home)
        .replace("/mosquitto/data", home)
        .replace("listener 1883", f"listener {broker.port} 127.0.0.1")
        .replace("listener 8883", f"listener {broker.tls_port} 127.0.0.1"),
    }
    for name, text in files.items():
        binaries.run(["sh", "-c", f"cat > {name}"], home=home, text=text)
    log = fresh_log(folder / "broker.log")
    command = binaries.command([binaries.mosquitto, "-c", "mosquitto.conf"], home=home, port=broker.port, remove=True)
    ready = lambda: service_answers(log, broker.port)  # noqa: E731
    with Supervisor([Child("broker", command, ready=ready, lifeline=True, log=log)]):
        yield broker


def connect(broker, username=None, password=None, *, port=None, trust=None):
    """A connected client, or the reason why not."""
    answered = threading.Event()
    reasons = []
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_connect = lambda _client, _data, _flags, reason, _properties: (reasons.append(reason), answered.set())
    if username:
        client.username_pw_set(username, password)
    if trust:
        client.tls_set(ca_certs=str(trust))
    client.connect("127.0.0.1", port or broker.port)
    client.loop_start()
    assert answered.wait(10)
    if reasons[0].is_failure:
        client.disconnect()
        client.loop_stop()
        return str(reasons[0])
    return client


def publish(client, topic):
    """The broker's answer to a QoS 1 message."""
    answers = []
    published = threading.Event()
    client.on_publish = lambda _client, _data, _mid, reason, _properties: (answers.append(str(reason)), published.set())
    client.publish(topic, b"{}", qos=1)
    assert published.wait(10)
    return answers[0]


def test_nobody_gets_in_without_the_right_password(broker):
    assert connect(broker) == "Not authorized"
    assert connect(broker, "press-17", "guess") == "Not authorized"


def test_a_device_writes_its_own_topics_and_no_others(broker):
    device = connect(broker, "press-17", broker.device_password)

    assert publish(device, "devices/press-17/telemetry") in ("Success", "No matching subscribers")
    assert publish(device, "devices/press-18/telemetry") == "Not authorized"
    assert publish(device, "devices/press-17/commands/1/request") == "Not authorized"
    assert publish(device, "alarms/press-17") == "Not authorized"
    device.disconnect()


def test_the_platform_receives_what_devices_send_over_tls(broker):
    arrived = threading.Event()
    subscribed = threading.Event()
    platform = connect(broker, "aftercare", broker.platform_password)
    platform.on_subscribe = lambda *_: subscribed.set()
    platform.on_message = lambda *_: arrived.set()
    platform.subscribe("$share/ingest/devices/+/telemetry", qos=1)
    assert subscribed.wait(10)

    device = connect(broker, "press-17", broker.device_password, port=broker.tls_port, trust=broker.secrets / "ca.crt")
    assert publish(device, "devices/press-17/telemetry") == "Success"

    assert arrived.wait(10)
    device.disconnect()
    platform.disconnect()


def test_a_device_that_trusts_another_authority_refuses_the_broker(broker, tmp_path):
    other = tmp_path / "other.crt"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", tmp_path / "other.key"]
    subprocess.run(["openssl", "req", "-x509", *key, "-subj", "/CN=x", "-out", other], check=True, capture_output=True)

    with pytest.raises(ssl.SSLCertVerificationError):
        connect(broker, "press-17", broker.device_password, port=broker.tls_port, trust=other)
