-- What a version could not learn from, though the catalog declares it.
ALTER TABLE model_versions ADD COLUMN silent_channels jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN model_versions.silent_channels IS
    'Declared channels that carried nothing in training: names by constant, never_seen or implausible.';
