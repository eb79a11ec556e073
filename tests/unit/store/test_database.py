"""What a person is told when there is no connection."""

import socket

import pytest

from domain.errors import UnavailableError
from store.database import connect


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_refused_connection_is_told_as_such_and_without_the_password(host):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(UnavailableError) as raised:
            connect(f"postgresql://me:secret@{host}:{port}/aftercare")

    message = str(raised.value)
    assert message.startswith(f"cannot connect to database {host}:{port}/aftercare: Connection refused. ")
    assert len(message.splitlines()) == 1
    assert "secret" not in message
