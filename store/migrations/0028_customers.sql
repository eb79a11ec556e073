-- Of who pays, a customer is told who pays which share of each line and why, and of amounts their own only.
CREATE FUNCTION shown_to_customer(entitlement jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN entitlement -> 'lines' IS NULL THEN '{}'::jsonb ELSE jsonb_build_object(
        'decided_at', entitlement -> 'decided_at', 'cause', entitlement -> 'cause', 'currency', entitlement -> 'currency',
        'considered', entitlement -> 'considered', 'unknown', entitlement -> 'unknown',
        'payers', jsonb_build_object('customer', coalesce(entitlement #> '{payers,customer}', '0')),
        'lines', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'kind', line -> 'kind', 'label', line -> 'label',
            'shares', (SELECT coalesce(jsonb_agg(CASE WHEN share ->> 'payer' = 'customer' THEN share ELSE share - 'minor' END), '[]')
                       FROM jsonb_array_elements(line -> 'shares') AS share))), '[]')
            FROM jsonb_array_elements(entitlement -> 'lines') AS line)) END
$$;
ALTER TABLE tickets ADD customer_entitlement jsonb GENERATED ALWAYS AS (shown_to_customer(entitlement)) STORED;
COMMENT ON COLUMN tickets.customer_entitlement IS 'What the customer is told of entitlement: of amounts their own only.';

-- What is in no list here is the maker's own, also for a query that forgets who asks: sums, prices, notes, figures.
REVOKE SELECT ON tickets, ticket_events, alarms, parts, model_versions FROM aftercare_customer;
GRANT SELECT (ticket_id, device_id, failure_mode, state, priority, summary, opened_at, need_by, planned_for, sla_response_due,
    sla_repair_due, customer_entitlement, closure_code, closed_at, alarm_id, prediction_id, version, visit_id, visit_share,
    visit_length) ON tickets TO aftercare_customer;
GRANT SELECT (ticket_event_id, ticket_id, at, what) ON ticket_events TO aftercare_customer;
GRANT SELECT (alarm_id, device_id, device_model, customer, site, alarm_type, severity, active, acknowledged, shelved_until,
    count, raised_at, last_at, cleared_at, ack_by, ack_at, source, failure_mode, prediction_id, message, assigned_to, deferred,
    at_customer, at_site) ON alarms TO aftercare_customer;
GRANT SELECT (part_no, description) ON parts TO aftercare_customer;
GRANT SELECT (model_version_id, device_model, failure_mode, alarm_threshold) ON model_versions TO aftercare_customer;
