"""As much as can be tested without the community licence: the calls are right, and refused for their licence alone."""

import psycopg
import pytest
from psycopg import sql

from store.columnar import SQL, keep_columnar
from store.database import Tier, detect_tier


def test_only_the_licence_stands_in_the_way(store):
    with store.database.transaction() as connection:
        if detect_tier(connection) is not Tier.APACHE:
            pytest.skip("this database has another licence")
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="license"), connection.transaction():
            keep_columnar(connection, store.device_model)
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="license"), connection.transaction():
            connection.execute(SQL["compress_quiet_chunks"], {"table": store.device_model.readings_table})
        name = connection.info.dbname
        connection.execute(sql.SQL(SQL["lift_limit"]).format(database=sql.Identifier(name)))
