"""The signature is that of Standard Webhooks."""

from __future__ import annotations

from datetime import UTC, datetime

from alerts.signing import new_secret, signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_it_is_the_one_that_the_libraries_of_standard_webhooks_compute() -> None:
    """Computed with openssl: printf 'msg.1614265330.{"test": 2432232314}' | openssl dgst -sha256 -mac HMAC ..."""
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        keys=[SECRET],
        now=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_signs_and_no_two_are_alike() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    headers = signed_headers("1", b"{}", keys=[one, other], now=datetime.fromtimestamp(0, UTC))
    assert len(headers["webhook-signature"].split()) == 2
