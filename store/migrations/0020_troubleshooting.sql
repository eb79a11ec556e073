-- Guided troubleshooting: runs of a failure mode's decision tree, and what each of their steps found.
CREATE TABLE troubleshooting_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    failure_mode text NOT NULL,
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,
    prediction_id bigint REFERENCES predictions,
    alarm_id bigint REFERENCES alarms,
    ticket_id bigint REFERENCES tickets,
    step text NOT NULL,
    step_since timestamptz NOT NULL,
    command_id bigint REFERENCES commands,
    wakes_at timestamptz,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('fixed', 'ticket', 'no_fault', 'stopped', 'withdrawn')),
    reason text NOT NULL DEFAULT '',
    parts jsonb NOT NULL DEFAULT '{}',
    tools jsonb NOT NULL DEFAULT '[]',
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX troubleshooting_runs_under_way ON troubleshooting_runs (device_id, failure_mode) WHERE ended_at IS NULL;
CREATE INDEX troubleshooting_runs_of_device ON troubleshooting_runs (device_id, failure_mode, run_id);
CREATE INDEX troubleshooting_runs_of_ticket ON troubleshooting_runs (ticket_id) WHERE ticket_id IS NOT NULL;
COMMENT ON COLUMN troubleshooting_runs.prediction_id IS 'What began it; null: a person did.';
COMMENT ON COLUMN troubleshooting_runs.command_id IS 'The command that its step waits for; set in the transaction that queued it, so that no step is commanded twice.';
COMMENT ON COLUMN troubleshooting_runs.wakes_at IS 'When there is something to do again; null: at once, or when the command has ended. By the platform''s clock.';

CREATE TABLE troubleshooting_trail (
    run_id bigint NOT NULL REFERENCES troubleshooting_runs ON DELETE CASCADE,
    position integer NOT NULL,
    at timestamptz NOT NULL,
    step text NOT NULL,
    title text NOT NULL,
    answer text NOT NULL,
    who text NOT NULL,
    note text NOT NULL,
    command_id bigint REFERENCES commands,
    PRIMARY KEY (run_id, position)
);
COMMENT ON TABLE troubleshooting_trail IS 'What each step found, in order; the primary key lets a step be answered once.';

SELECT show_to_customers('troubleshooting_runs', 'device_id IN (SELECT device_id FROM devices)');
SELECT show_to_customers('troubleshooting_trail', 'run_id IN (SELECT run_id FROM troubleshooting_runs)');
