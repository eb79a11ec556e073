-- add --
INSERT INTO problem_reports (device_id, ticket_id, reported_at, reported_by, problem, token, readings)
VALUES (%(device_id)s, %(ticket_id)s, %(now)s, %(who)s, %(problem)s, %(token)s, %(readings)s)

-- ticket_of_token --
-- What a report that was sent before became.
SELECT ticket_id FROM problem_reports WHERE device_id = %(device_id)s AND token = %(token)s

-- count_since --
SELECT count(*) FROM problem_reports WHERE device_id = %(device_id)s AND reported_at > %(since)s

-- reporter --
reported_by

-- reporter_of_customer --
told_by(report_id) AS reported_by

-- of_ticket --
SELECT report_id, reported_at, {reporter}, problem, length(readings) AS readings_size
FROM problem_reports
WHERE ticket_id = %(ticket_id)s
ORDER BY report_id

-- readings --
SELECT d.name, r.readings
FROM problem_reports r
JOIN devices d USING (device_id)
WHERE r.report_id = %(report_id)s
