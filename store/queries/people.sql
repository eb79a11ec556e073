-- put --
INSERT INTO people (person, groups, time_zone, quiet_from, quiet_to, critical_passes)
VALUES (%(person)s, %(groups)s, %(time_zone)s, %(quiet_from)s, %(quiet_to)s, %(critical_passes)s)
ON CONFLICT (person) DO UPDATE SET groups = EXCLUDED.groups, time_zone = EXCLUDED.time_zone,
    quiet_from = EXCLUDED.quiet_from, quiet_to = EXCLUDED.quiet_to, critical_passes = EXCLUDED.critical_passes

-- list --
SELECT person, time_zone, groups, quiet_from, quiet_to, critical_passes FROM people ORDER BY person

-- lock --
SELECT FROM people WHERE person = %(person)s FOR UPDATE

-- remove --
DELETE FROM people WHERE person = %(person)s
