"""The broker of docker-compose.yml: its configuration and its secrets on a real Mosquitto."""

import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

from aftercare.broker_passwords import generate_password, hash_password, read_password_file, write_password_file
from aftercare.embedded import Origin
from aftercare.embedded.ports import free_port, service_answers
from aftercare.embedded.state import fresh_log
from aftercare.supervisor import Child, Supervisor

DEPLOY = Path(__file__).parents[2] / "deploy"
MAKE_SECRETS = [sys.executable, DEPLOY / "make-secrets", "--folder"]


DEVICES = ("press-17", "press-18")


class Broker:
    """The shipped configuration with the paths and ports of this run, and a password for each device."""

    def __init__(self, binaries, folder):
        self.secrets = folder / "secrets"
        self.passwords = {name: generate_password() for name in DEVICES}
        self.port, self.tls_port, self.certificate_port = free_port(), free_port(), free_port()
        self._binaries = binaries
        self._home = binaries.home(folder, "broker")
        self._shared = binaries.home(folder, "passwords")  # written to while the broker runs, like the volume
        self._password_file = folder / "mosquitto"

    @property
    def platform_password(self):
        return urlsplit((self.secrets / "aftercare_mqtt_url").read_text()).password

    def command(self):
        """Puts every file in its place, and gives the command that runs the broker there."""
        self.write_passwords()
        self._put("broker_certificate", (self.secrets / "broker.crt").read_text())
        self._put("broker_key", (self.secrets / "broker.key").read_text())
        self._put("devices_authority", (self.secrets / "devices_ca.crt").read_text())
        self._put("mosquitto.acl", (DEPLOY / "mosquitto.acl").read_text())
        configuration = (DEPLOY / "mosquitto.conf").read_text()
        configuration = configuration.replace("/mosquitto/passwords", self._shared)
        for folder in ("/run/secrets", "/mosquitto/config", "/mosquitto/data"):
            configuration = configuration.replace(folder, self._home)
        for shipped, port in ((1883, self.port), (8883, self.tls_port), (8884, self.certificate_port)):
            configuration = configuration.replace(f"listener {shipped}", f"listener {port} 127.0.0.1")
        self._put("mosquitto.conf", f"{configuration}pid_file {self._home}/broker.pid\n")
        argv = [self._binaries.mosquitto, "-c", "mosquitto.conf"]
        return self._binaries.command(argv, home=self._home, port=self.port, remove=True)

    def write_passwords(self):
        """As `aftercare devices write-password-file` does it."""
        own = read_password_file(self.secrets / "mosquitto_passwords")
        write_password_file(
            self._password_file, {**own, **{name: hash_password(self.passwords[name]) for name in self.passwords}}
        )
        self._put("mosquitto", self._password_file.read_text(), self._shared)

    def read_again(self):
        self._binaries.run(["sh", "-c", f"kill -HUP $(cat {self._home}/broker.pid)"], home=self._shared)

    def tidy(self):
        self._binaries.remove(self._shared)

    def _put(self, name, text, home=None):
        self._binaries.run(["sh", "-c", f"cat > {name}"], home=home or self._home, text=text)


@pytest.fixture(scope="module")
def broker(binaries, tmp_path_factory):
    if binaries.origin is Origin.WHEELS:
        pytest.skip("no Mosquitto on this machine")
    folder = tmp_path_factory.mktemp("shipped")
    subprocess.run([*MAKE_SECRETS, folder / "secrets"], check=True)
    broker = Broker(binaries, folder)
    log = fresh_log(folder / "broker.log")
    ready = lambda: service_answers(log, broker.port)  # noqa: E731
    with Supervisor([Child("broker", broker.command(), ready=ready, lifeline=True, log=log)]):
        yield broker
    broker.tidy()


def connect(broker, username=None, password=None, *, port=None, trust=None, certificate=None):
    """A connected client, or the reason why not."""
    answered = threading.Event()
    reasons = []
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_connect = lambda _client, _data, _flags, reason, _properties: (reasons.append(reason), answered.set())
    if username:
        client.username_pw_set(username, password)
    if trust:
        client.tls_set(str(trust), *(certificate or ()))
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


@pytest.fixture(scope="module")
def certificate(broker):
    """Certificate and key of press-17, made by the shipped script."""
    subprocess.run([*MAKE_SECRETS, broker.secrets, "--certificate", "press-17"], check=True)
    return tuple(str(broker.secrets / "devices" / f"press-17.{end}") for end in ("crt", "key"))


@pytest.fixture(params=["password", "certificate"])
def press_17(broker, certificate, request):
    """The device press-17, known to the broker by either of the two ways."""
    if request.param == "password":
        device = connect(broker, "press-17", broker.passwords["press-17"])
    else:
        trust = broker.secrets / "ca.crt"
        device = connect(broker, port=broker.certificate_port, trust=trust, certificate=certificate)
    yield device
    device.disconnect()


@pytest.mark.parametrize(
    "topic",
    [
        "devices/press-17/telemetry",
        "devices/press-17/senml",
        "devices/press-17/events",
        "devices/press-17/status",
        "devices/press-17/commands/1/response",
        "spBv1.0/plant/NBIRTH/press-17",
        "spBv1.0/plant/NDATA/press-17",
        "spBv1.0/plant/DDATA/press-17/pump",
    ],
)
def test_a_device_speaks_for_itself(press_17, topic):
    assert publish(press_17, topic) in ("Success", "No matching subscribers")


@pytest.mark.parametrize(
    "topic",
    [
        "devices/press-18/telemetry",
        "devices/press-18/senml",
        "devices/press-18/events",
        "devices/press-18/status",
        "devices/press-18/twin/reported",
        "devices/press-18/commands/1/response",
        "devices/press-17/commands/1/request",
        "devices/press-17/twin/desired",
        "devices/press-17",
        "spBv1.0/plant/NBIRTH/press-18",
        "spBv1.0/plant/NDATA/press-18",
        "spBv1.0/plant/NDEATH/press-18",
        "spBv1.0/plant/DDATA/press-18/press-17",
        "spBv1.0/plant/NCMD/press-17",
        "alarms/press-17",
        "diagnostics/aftercare/marker",
    ],
)
def test_a_device_speaks_for_nobody_else(press_17, topic):
    assert publish(press_17, topic) == "Not authorized"


def test_a_device_hears_only_what_is_meant_for_it(broker, press_17):
    heard = []
    subscribed, arrived = threading.Event(), threading.Event()
    press_17.on_subscribe = lambda *_: subscribed.set()
    press_17.on_message = lambda _client, _data, message: (heard.append(message.topic), arrived.set())
    press_17.subscribe([(topic, 1) for topic in ("#", "devices/+/commands/+/request", "spBv1.0/+/NCMD/press-18")])
    assert subscribed.wait(10)
    platform = connect(broker, "aftercare", broker.platform_password)

    for topic in (
        "devices/press-18/commands/1/request",
        "devices/press-18/twin/desired",
        "spBv1.0/plant/NCMD/press-18",
        "alarms/press-17",
        "devices/press-17/commands/1/request",
    ):
        publish(platform, topic)

    assert arrived.wait(10)
    assert set(heard) == {"devices/press-17/commands/1/request"}
    platform.disconnect()


def test_the_platform_asks_and_hears_its_own_requests_and_markers(broker):
    heard = []
    subscribed, arrived = threading.Event(), threading.Event()
    platform = connect(broker, "aftercare", broker.platform_password)
    platform.on_subscribe = lambda *_: subscribed.set()
    platform.on_message = lambda _client, _data, message: (
        heard.append(message.topic),
        arrived.set() if message.topic.endswith("/marker") else None,
    )
    platform.subscribe([(topic, 1) for topic in ("devices/+/commands/+/request", "diagnostics/aftercare/marker")])
    assert subscribed.wait(10)

    for topic in ("devices/press-17/commands/7/request", "diagnostics/aftercare/marker"):
        assert publish(platform, topic) == "Success"

    assert arrived.wait(10)
    assert heard == ["devices/press-17/commands/7/request", "diagnostics/aftercare/marker"]
    platform.disconnect()


def test_a_password_that_is_added_or_rotated_counts_from_the_next_sighup(broker):
    broker.passwords["press-19"] = generate_password()
    broker.passwords["press-18"] = rotated = generate_password()
    before = connect(broker, "press-19", broker.passwords["press-19"])
    broker.write_passwords()

    broker.read_again()

    deadline = time.monotonic() + 10
    while isinstance(device := connect(broker, "press-19", broker.passwords["press-19"]), str):
        assert time.monotonic() < deadline, device
    device.disconnect()
    assert before == "Not authorized"
    assert not isinstance(connect(broker, "press-18", rotated), str)


def test_the_platforms_name_is_not_given_to_a_device(broker):
    for name in ("aftercare", "aftercare-1", "a/b", "#", "+", "x" * 65):
        done = subprocess.run([*MAKE_SECRETS, broker.secrets, "--certificate", name], capture_output=True, text=True)
        assert done.returncode == 1
        assert "cannot be a device's common name" in done.stderr


def test_nobody_gets_in_by_certificate_without_one_of_the_devices_authority(broker):
    foreign = broker.secrets / "broker.crt", broker.secrets / "broker.key"

    for certificate in (None, foreign):
        context = ssl.create_default_context(cafile=broker.secrets / "ca.crt")
        if certificate:
            context.load_cert_chain(*certificate)
        with (
            socket.create_connection(("127.0.0.1", broker.certificate_port), timeout=10) as plain,
            pytest.raises(ssl.SSLError),
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            secured.recv(1)  # with TLS 1.3 the broker refuses after the client's handshake


def test_the_platform_receives_what_devices_send_over_tls(broker):
    arrived = threading.Event()
    subscribed = threading.Event()
    platform = connect(broker, "aftercare", broker.platform_password)
    platform.on_subscribe = lambda *_: subscribed.set()
    platform.on_message = lambda *_: arrived.set()
    platform.subscribe("$share/ingest/devices/+/telemetry", qos=1)
    assert subscribed.wait(10)

    device = connect(
        broker, "press-17", broker.passwords["press-17"], port=broker.tls_port, trust=broker.secrets / "ca.crt"
    )
    assert publish(device, "devices/press-17/telemetry") == "Success"

    assert arrived.wait(10)
    device.disconnect()
    platform.disconnect()


def test_a_device_that_trusts_another_authority_refuses_the_broker(broker, tmp_path):
    other = tmp_path / "other.crt"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", tmp_path / "other.key"]
    subprocess.run(["openssl", "req", "-x509", *key, "-subj", "/CN=x", "-out", other], check=True, capture_output=True)

    with pytest.raises(ssl.SSLCertVerificationError):
        connect(broker, "press-17", broker.passwords["press-17"], port=broker.tls_port, trust=other)
