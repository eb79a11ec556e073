-- technicians --
-- Twenty at each service centre, who work all week.
INSERT INTO technicians (technician, service_centre, skills, time_zone, hours, holidays, closed_days, shift_hours, active)
SELECT 'technician ' || n || ' of ' || service_centre, service_centre, '{}', 'UTC', 'Mo-Fr 08:00-17:00', '', '{}', 8, true
FROM service_centres CROSS JOIN generate_series(1, 20) n

-- visits --
-- For each ticket that was or is to be worked off; a technician has three visits a day, and the newest tickets the latest.
INSERT INTO visits (device_id, kind, state, technician_id, during, reference, booked_by, booked_at)
SELECT v.device_id, 'repair', CASE WHEN v.state = 'closed' THEN 'done' ELSE 'booked' END, w.technician_id,
    tstzrange(starts_at, starts_at + interval '2 hours'), 'ticket ' || v.ticket_id, 'bench', v.opened_at
FROM (
    SELECT t.*, d.service_centre, (row_number() OVER (PARTITION BY d.service_centre, t.state = 'closed' ORDER BY t.ticket_id) - 1)::int AS n
    FROM tickets t JOIN devices d USING (device_id) WHERE t.state IN ('closed', 'planned', 'in_progress')
) v
JOIN (
    SELECT technician_id, service_centre, row_number() OVER (PARTITION BY service_centre ORDER BY technician_id) - 1 AS n
    FROM technicians
) w ON w.service_centre = v.service_centre AND w.n = v.n %% 20
CROSS JOIN LATERAL (SELECT date_trunc('day', %(now)s::timestamptz) + interval '3 hours' * (2 + v.n / 20 %% 3)
    + interval '1 day' * CASE WHEN v.state = 'closed' THEN v.n / 60 - 70 ELSE v.n / 60 END AS starts_at) s;
UPDATE tickets t SET visit_id = v.visit_id, visit_share = interval '2 hours',
    planned_for = CASE WHEN v.state = 'booked' THEN lower(v.during) END
FROM visits v WHERE v.reference = 'ticket ' || t.ticket_id

-- contracts --
-- One for each customer, and a warranty for one device in ten.
INSERT INTO contracts (contract_no, customer, valid_from, response_hours, repair_hours, hours, pause_reasons, priority,
    breach_penalty, parts_percent, labour_percent, travel_percent, excluded_failure_modes, excluded_components, excluded_causes)
SELECT 'C-' || customer, customer, %(now)s::date - 700, 24, 120, 'business', '{}', 3, 10000, 100, 50, 0, '{}', '{}', '{}'
FROM (SELECT DISTINCT customer FROM devices) c;
INSERT INTO warranties (warranty_no, device_id, starts_from, term_months, usage_channel, parts_percent, labour_percent,
    travel_percent, excluded_failure_modes, excluded_components, excluded_causes, transferable)
SELECT 'W-' || name, device_id, 'installation', 24, '', 100, 100, 100, '{}', '{}', '{}', true
FROM devices WHERE device_id %% 10 = 0

-- sla_clocks --
-- Two promises for each ticket; one in twelve was missed.
INSERT INTO sla_clocks (ticket_id, kind, contract_no, started_at, window_length, time_zone, hours, holidays, closed_days,
    pause_reasons, warn_at, due_at, stopped_at, breached_at)
SELECT ticket_id, kind, 'C-' || customer, opened_at, takes, 'UTC', 'Mo-Fr 08:00-17:00', '', '{}', '{}',
    opened_at + takes * 0.8, opened_at + takes, closed_at, CASE WHEN ticket_id %% 12 = 0 THEN opened_at + takes END
FROM tickets JOIN devices USING (device_id)
CROSS JOIN (VALUES ('response', interval '1 day'), ('repair', interval '6 days')) k (kind, takes)

-- parts --
-- A catalogue of spare parts beside those that predictions reserve, on the shelves of every service centre.
INSERT INTO parts (part_no, description, unit_cost_minor, currency, lead_time)
SELECT 'SPARE-' || lpad(n::text, 5, '0'), 'Spare part ' || n, 1000 + n, 'EUR', interval '1 day' * (3 + n %% 40)
FROM generate_series(1, 2000) n;
INSERT INTO part_stock (service_centre, part_no, on_hand, allocated, on_order)
SELECT service_centre, part_no, 400, 0, 0 FROM service_centres CROSS JOIN parts
ON CONFLICT (service_centre, part_no) DO UPDATE SET on_hand = EXCLUDED.on_hand

-- reservations --
-- A part for each ticket; of those that are waited for two thirds lie ready.
INSERT INTO part_reservations (ticket_id, part_no, service_centre, quantity, state, need_by, created_at, reserved_at)
SELECT t.ticket_id, p.part_no, d.service_centre, 1, s.state, t.need_by, t.opened_at,
    CASE WHEN s.state <> 'backordered' THEN t.opened_at + interval '1 hour' * (t.ticket_id %% 7 / 6) END
FROM tickets t JOIN devices d USING (device_id)
JOIN (
    SELECT part_no, row_number() OVER (ORDER BY part_no) - 1 AS n, count(*) OVER () AS parts FROM parts
    WHERE part_no NOT LIKE 'SPARE-%%'
) p ON p.n = t.ticket_id %% p.parts
CROSS JOIN LATERAL (SELECT CASE WHEN t.state = 'closed' THEN 'consumed' WHEN t.state = 'cancelled' THEN 'released'
    WHEN t.ticket_id / 10 %% 3 = 0 THEN 'backordered' ELSE 'reserved' END AS state) s;
UPDATE part_stock s SET allocated = r.quantity, on_hand = greatest(on_hand, r.quantity)
FROM (SELECT service_centre, part_no, sum(quantity)::bigint AS quantity FROM part_reservations WHERE state = 'reserved'
    GROUP BY service_centre, part_no) r
WHERE r.service_centre = s.service_centre AND r.part_no = s.part_no;
INSERT INTO stock_journal (at, service_centre, part_no, movement, on_hand_change, allocated_change, who)
SELECT %(now)s, service_centre, part_no, 'adjust', on_hand, allocated, 'bench' FROM part_stock;
INSERT INTO transfer_times SELECT a.service_centre, b.service_centre, interval '2 days'
FROM service_centres a, service_centres b WHERE a <> b

-- transfers --
-- For one reservation in three that waits, and many that arrived.
INSERT INTO part_transfers (part_no, quantity, from_centre, to_centre, state, reservation_id, takes, created_at, shipped_at, ended_at, who)
SELECT part_no, 1, CASE service_centre WHEN 'centre-1' THEN 'centre-2' ELSE 'centre-1' END, service_centre,
    CASE WHEN state = 'consumed' THEN 'arrived' WHEN reservation_id %% 2 = 0 THEN 'suggested' ELSE 'in_transit' END, reservation_id,
    interval '2 days', created_at, CASE WHEN state = 'consumed' OR reservation_id %% 2 = 1 THEN created_at END,
    CASE WHEN state = 'consumed' THEN created_at + interval '2 days' END, 'bench'
FROM part_reservations WHERE ticket_id %% 9 = 0 AND state IN ('consumed', 'backordered')

-- returns --
-- Of each closed ticket something comes back; of the newest it is not seen yet.
INSERT INTO part_returns (ticket_id, component, part_no, service_centre, state, findings, expected_at, received_at,
    inspected_at, inspected_by)
SELECT t.ticket_id, 'component', r.part_no, r.service_centre, s.state,
    CASE WHEN s.state = 'inspected' THEN (ARRAY['worn', 'defective', 'no_fault_found', 'damaged'])[1 + t.ticket_id %% 4] END,
    t.closed_at, CASE WHEN s.state <> 'expected' THEN t.closed_at + interval '4 days' END,
    CASE WHEN s.state = 'inspected' THEN t.closed_at + interval '6 days' END, CASE WHEN s.state = 'inspected' THEN 'anna' END
FROM tickets t JOIN part_reservations r USING (ticket_id)
CROSS JOIN LATERAL (SELECT CASE WHEN t.closed_at > %(now)s::timestamptz - interval '7 days' THEN 'expected'
    WHEN t.closed_at > %(now)s::timestamptz - interval '14 days' THEN 'received' ELSE 'inspected' END AS state) s
WHERE t.state = 'closed'

-- commands --
-- One device in five was asked something, a thousand of these at once; every other was looked into.
INSERT INTO commands (device_id, command, arguments, correlation, state, requested_at, requested_by, expires_at, timeout,
    deadline, sent_at, answered_at, finished_at, result)
SELECT device_id, 'self_test', '{}', uuid_send(gen_random_uuid()), 'succeeded', at, 'anna', at + interval '1 hour',
    interval '1 minute', at + interval '1 hour', at, at, at + interval '1 minute', '{"passed": true}'
FROM devices CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - interval '1 minute' * (device_id %% 100000) AS at) a
WHERE device_id %% 5 = 0;
WITH fleet AS (
    INSERT INTO fleet_commands (command, arguments, requested_at, requested_by) VALUES ('self_test', '{}', %(now)s, 'anna')
    RETURNING fleet_id
)
UPDATE commands SET fleet_id = fleet.fleet_id FROM fleet
WHERE command_id IN (SELECT command_id FROM commands ORDER BY command_id LIMIT 1000);
INSERT INTO troubleshooting_runs (device_id, failure_mode, started_at, started_by, step, step_since, ended_at, outcome)
SELECT device_id, failure_mode, %(now)s::timestamptz - interval '1 day', 'anna', 'end', %(now)s, %(now)s, 'no_fault'
FROM devices JOIN model_versions USING (device_model) WHERE device_id %% 10 = 0

-- failures --
-- One device in ten failed within two years, of these most with a ticket open for it.
INSERT INTO device_events (ts, device_id, kind, code)
SELECT CASE WHEN t.opened_at IS NULL OR d.device_id %% 3 = 0 THEN %(now)s::timestamptz - interval '1 hour' * (d.device_id %% 17000)
        ELSE t.opened_at + interval '1 day' END, d.device_id, 'failure', %(codes)s::jsonb ->> d.device_model
FROM devices d LEFT JOIN LATERAL (SELECT opened_at FROM tickets WHERE device_id = d.device_id LIMIT 1) t ON true
WHERE d.device_id %% 10 = 3

-- audit_log --
-- Of each ticket and one alarm in ten.
INSERT INTO audit_log (at, who, action, object_kind, object_id)
SELECT raised_at, 'anna', 'acknowledge', 'alarm', alarm_id FROM alarms WHERE alarm_id %% 10 = 0;
INSERT INTO audit_log (at, who, action, object_kind, object_id)
SELECT opened_at, 'anna', 'open', 'ticket', ticket_id FROM tickets

-- users --
-- One of each customer.
INSERT INTO users (name, role, customer, created_at)
SELECT 'user of ' || customer, 'viewer', customer, %(now)s FROM (SELECT DISTINCT customer FROM devices) c

-- rejected --
INSERT INTO rejected_messages (topic, payload, reason, received_at, last_at, sender)
SELECT 'devices/dev-' || lpad(n::text, 6, '0') || '/telemetry', '{"ts": 1', 'not JSON', %(now)s, %(now)s, 'dev-' || lpad(n::text, 6, '0')
FROM generate_series(1, 5000) n

-- analyze --
-- Autovacuum does both within a while.
VACUUM ANALYZE
