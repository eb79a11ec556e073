ALTER TABLE service_centres ADD COLUMN kind text NOT NULL DEFAULT 'authorised'
    CHECK (kind IN ('authorised', 'independent'));
COMMENT ON COLUMN service_centres.kind IS 'The maker''s own or authorised by it, or on its own account.';

CREATE TABLE technicians (
    technician_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    technician text NOT NULL UNIQUE,
    service_centre text NOT NULL REFERENCES service_centres,
    skills text[] NOT NULL,
    time_zone text NOT NULL,
    hours text NOT NULL,
    holidays text NOT NULL,
    closed_days date[] NOT NULL,
    weekly_hours double precision CHECK (weekly_hours BETWEEN 0 AND 168),
    shift_hours double precision NOT NULL CHECK (shift_hours BETWEEN 0 AND 168),
    active boolean NOT NULL,
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX technicians_of_centre ON technicians (service_centre);
COMMENT ON COLUMN technicians.hours IS 'Shifts, as OpenStreetMap writes opening_hours, by the clock of the time zone.';
COMMENT ON COLUMN technicians.weekly_hours IS 'Of visits at most from Monday to Sunday; null: as long as the shifts are.';
COMMENT ON COLUMN technicians.shift_hours IS 'How long the shifts are in a week without holidays.';

CREATE VIEW weekly_capacity AS
SELECT service_centre, count(*) AS technicians, sum(coalesce(weekly_hours, shift_hours)) AS hours
FROM technicians WHERE active GROUP BY service_centre;
COMMENT ON VIEW weekly_capacity IS
    'Hours of visits that a service centre can do in a week; a centre without technicians is not listed, since nobody knows.';

CREATE TABLE visits (
    visit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('repair', 'maintenance')),
    state text NOT NULL CHECK (state IN ('booked', 'done', 'cancelled')),
    technician_id bigint REFERENCES technicians,
    during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
    maintenance_length interval,
    reference text,
    booked_by text NOT NULL,
    booked_at timestamptz NOT NULL,
    CHECK (technician_id IS NOT NULL OR kind = 'maintenance'),
    CHECK ((maintenance_length IS NULL) = (kind = 'repair')),
    -- A range of one number instead of the number: GiST has that without an extension.
    CONSTRAINT visits_never_overlap EXCLUDE USING gist (
        int8range(technician_id, technician_id, '[]') WITH &&, during WITH &&
    ) WHERE (state = 'booked' AND technician_id IS NOT NULL)
);
CREATE UNIQUE INDEX visits_reference ON visits (reference) WHERE reference IS NOT NULL;
CREATE INDEX visits_of_device ON visits (device_id, visit_id);
COMMENT ON TABLE visits IS 'Who is where when. The exclusion constraint keeps anyone from being booked twice at a time.';
COMMENT ON COLUMN visits.reference IS 'Number of a planned maintenance in the system that it was imported from.';
COMMENT ON COLUMN visits.maintenance_length IS 'How long the maintenance takes alone; repairs that join it lengthen the visit.';

ALTER TABLE tickets ADD COLUMN visit_id bigint REFERENCES visits ON DELETE SET NULL, ADD COLUMN visit_share interval;
CREATE INDEX tickets_of_visit ON tickets (visit_id) WHERE visit_id IS NOT NULL;
COMMENT ON COLUMN tickets.visit_id IS 'The visit that is booked or was made for it; several tickets of a device may share one.';
COMMENT ON COLUMN tickets.visit_share IS 'How long of that visit is for this ticket.';

CREATE TABLE gate_findings (
    gate_finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_model text NOT NULL REFERENCES device_models,
    failure_mode text NOT NULL,
    found_at timestamptz NOT NULL,
    ticket_id bigint REFERENCES tickets ON DELETE SET NULL,
    auto_open boolean NOT NULL,
    turned boolean NOT NULL,
    precision double precision NOT NULL,
    precision_low double precision NOT NULL,
    precision_high double precision NOT NULL,
    right_closures integer NOT NULL,
    wrong_closures integer NOT NULL,
    held_out double precision,
    required double precision NOT NULL,
    reason text NOT NULL
);
CREATE INDEX gate_findings_of_mode ON gate_findings (device_model, failure_mode, gate_finding_id);
COMMENT ON TABLE gate_findings IS
    'Whether tickets of a failure mode open by themselves, found anew at each closure; the newest counts.';
COMMENT ON COLUMN gate_findings.precision IS
    'Share of right alarms: latest closures by technicians, with what held-out devices said as a prior.';
COMMENT ON COLUMN gate_findings.turned IS 'Whether it is another answer than the one before.';

CREATE TABLE ticket_feedback (
    ticket_id bigint PRIMARY KEY REFERENCES tickets ON DELETE CASCADE,
    satisfaction smallint NOT NULL CHECK (satisfaction BETWEEN 1 AND 5),
    comment text NOT NULL,
    who text NOT NULL,
    at timestamptz NOT NULL
);
