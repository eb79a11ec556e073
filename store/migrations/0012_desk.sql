-- What a centre can do in a week is told in one place: by its technicians, else by the number that was stated.
ALTER TABLE service_centres ADD COLUMN visits_per_week integer CHECK (visits_per_week >= 0);
COMMENT ON COLUMN service_centres.visits_per_week IS
    'Visits that a centre without technicians here can make in a week; null: as many as are asked for.';
UPDATE service_centres c SET visits_per_week = v.visits_per_week
FROM visit_capacities v WHERE v.service_centre = c.service_centre;
DROP TABLE visit_capacities;

DROP VIEW weekly_capacity;
CREATE VIEW weekly_capacity AS
SELECT c.service_centre, count(t.technician_id) AS technicians, sum(coalesce(t.weekly_hours, t.shift_hours)) AS hours,
    CASE WHEN count(t.technician_id) = 0 THEN c.visits_per_week END AS visits
FROM service_centres c LEFT JOIN technicians t ON t.service_centre = c.service_centre AND t.active
GROUP BY c.service_centre
HAVING count(t.technician_id) > 0 OR c.visits_per_week IS NOT NULL;
COMMENT ON VIEW weekly_capacity IS
    'What a service centre can do in a week: hours of visits by its technicians, else the stated number of visits. A centre of which nobody said anything is not listed: it takes all that is predicted.';

ALTER TABLE tickets ADD COLUMN visit_length interval NOT NULL DEFAULT '2 hours';
COMMENT ON COLUMN tickets.visit_length IS 'How long the repair takes at the device, by the catalog when the ticket was written.';

-- What a contract promises for a ticket raises alarms too.
ALTER TABLE alarms DROP CONSTRAINT alarms_source_check,
    ADD CONSTRAINT alarms_source_check CHECK (source IN ('rule', 'prediction', 'connectivity', 'contract'));

-- How often an alarm of a device came and went.
CREATE INDEX alarms_cleared ON alarms (device_id, alarm_type, cleared_at) WHERE NOT active;
