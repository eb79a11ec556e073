-- list_technicians --
-- Technicians by name: all, of one centre, or the named one.
SELECT technician_id, technician, service_centre, skills, time_zone, hours, holidays, closed_days, weekly_hours, active,
       version
FROM technicians
WHERE (%(service_centre)s::text IS NULL OR service_centre = %(service_centre)s)
  AND (%(technician)s::text IS NULL OR technician = %(technician)s)
  AND (active OR NOT %(active)s)
ORDER BY technician

-- save --
-- The first version, or the next one of what the caller saw; no row when someone else was quicker.
INSERT INTO technicians AS known (technician, service_centre, skills, time_zone, hours, holidays, closed_days,
    weekly_hours, shift_hours, active)
VALUES (%(technician)s, %(service_centre)s, %(skills)s::text[], %(time_zone)s, %(hours)s, %(holidays)s,
        %(closed_days)s::date[], %(weekly_hours)s, %(shift_hours)s, %(active)s)
ON CONFLICT (technician) DO UPDATE
SET service_centre = EXCLUDED.service_centre, skills = EXCLUDED.skills, time_zone = EXCLUDED.time_zone,
    hours = EXCLUDED.hours, holidays = EXCLUDED.holidays, closed_days = EXCLUDED.closed_days,
    weekly_hours = EXCLUDED.weekly_hours, shift_hours = EXCLUDED.shift_hours, active = EXCLUDED.active,
    version = known.version + 1
WHERE known.version = coalesce(%(version)s::integer, known.version)
RETURNING version

-- set_centre_kind --
UPDATE service_centres SET kind = %(kind)s WHERE service_centre = %(service_centre)s
