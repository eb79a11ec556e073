-- Problems that people report, with what the device measured before it: retention does not take it away.
CREATE TABLE problem_reports (
    report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    ticket_id bigint NOT NULL REFERENCES tickets ON DELETE CASCADE,
    reported_at timestamptz NOT NULL,
    reported_by text NOT NULL,
    problem text NOT NULL,
    token text NOT NULL,
    readings bytea NOT NULL,
    UNIQUE (device_id, token)
);
ALTER TABLE problem_reports ALTER readings SET STORAGE EXTERNAL;
CREATE INDEX problem_reports_of_ticket ON problem_reports (ticket_id, report_id);
COMMENT ON COLUMN problem_reports.token IS 'Of the form or the program that sent it: sent twice, it is one report.';
COMMENT ON COLUMN problem_reports.readings IS 'CSV, gzip: the last day of readings; empty when there were none.';
SELECT show_to_customers('problem_reports', 'device_id IN (SELECT device_id FROM devices)');
