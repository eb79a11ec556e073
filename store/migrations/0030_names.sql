-- Customers read their own users' names; of everybody else who did something, that it was the service. Whoever may not read
-- a name asks these for it.
CREATE FUNCTION name_for_customer(who text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (
        SELECT FROM users WHERE lower(name) = lower(who) AND customer = current_setting('aftercare.customer', true))
    THEN who ELSE 'service' END
$$;
CREATE FUNCTION asked_by(of_command bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    RETURN (SELECT name_for_customer(requested_by) FROM commands WHERE command_id = of_command);
CREATE FUNCTION begun_by(of_run bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    RETURN (SELECT name_for_customer(started_by) FROM troubleshooting_runs WHERE run_id = of_run);
CREATE FUNCTION found_by(of_run bigint, place integer) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    RETURN (SELECT name_for_customer(who) FROM troubleshooting_trail WHERE run_id = of_run AND position = place);
CREATE FUNCTION told_by(of_report bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    RETURN (SELECT name_for_customer(reported_by) FROM problem_reports WHERE report_id = of_report);

REVOKE SELECT ON commands, device_twins, twin_changes, troubleshooting_runs, troubleshooting_trail, problem_reports,
    alarm_comments, audit_log, alarms FROM aftercare_customer;
GRANT SELECT (command_id, device_id, command, arguments, state, requested_at, expires_at, sent_at, answered_at, finished_at,
    progress, result, error_code, error_message, ticket_id, fleet_id) ON commands TO aftercare_customer;
GRANT SELECT (device_id, desired, desired_version, desired_at, delivered_version, reported, reported_at, looked_at_version,
    refused) ON device_twins TO aftercare_customer;
GRANT SELECT (twin_change_id, device_id, at, side, version, changes) ON twin_changes TO aftercare_customer;
GRANT SELECT (run_id, device_id, failure_mode, started_at, prediction_id, alarm_id, ticket_id, step, step_since, command_id,
    wakes_at, ended_at, outcome, reason, parts, tools) ON troubleshooting_runs TO aftercare_customer;
GRANT SELECT (run_id, position, at, step, title, answer, note, command_id) ON troubleshooting_trail TO aftercare_customer;
GRANT SELECT (report_id, device_id, ticket_id, reported_at, problem, readings) ON problem_reports TO aftercare_customer;
GRANT SELECT (alarm_comment_id, alarm_id, at, comment) ON alarm_comments TO aftercare_customer;
GRANT SELECT (audit_id, at, action, object_kind, object_id, detail) ON audit_log TO aftercare_customer;
GRANT SELECT (alarm_id, device_id, device_model, customer, site, alarm_type, severity, active, acknowledged, shelved_until,
    count, raised_at, last_at, cleared_at, ack_at, source, failure_mode, prediction_id, message, deferred, at_customer,
    at_site) ON alarms TO aftercare_customer;

-- Whom an alarm was given to, and who was called about it, is the maker's own; their lines name them.
ALTER POLICY of_customer ON audit_log USING (
    CASE WHEN object_kind = 'alarm' AND action NOT IN ('assigned', 'unacknowledged')
        THEN EXISTS (SELECT FROM alarms WHERE alarm_id = object_id::bigint) ELSE false END);
