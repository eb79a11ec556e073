ALTER TABLE fleet_commands ADD refused jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN fleet_commands.refused IS 'Why devices were left out, by name.';
