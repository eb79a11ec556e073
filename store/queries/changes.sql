-- tell --
-- For each change, in this order, its entry in the feed and its line in the audit log. A trigger notifies `outbox` at commit.
WITH told AS MATERIALIZED (
    SELECT * FROM ROWS FROM (jsonb_to_recordset(%(changes)s)
            AS (kind text, subject_id bigint, device_id bigint, payload jsonb, action text, detail jsonb))
        WITH ORDINALITY AS t (kind, subject_id, device_id, payload, action, detail, place)
), fed AS (
    INSERT INTO outbox (kind, subject_id, device_id, payload, created_at)
    SELECT kind, subject_id, device_id, payload, %(at)s FROM told ORDER BY place
)
INSERT INTO audit_log (at, who, action, object_kind, object_id, detail)
SELECT %(at)s, %(who)s, action, kind, subject_id::text, detail FROM told ORDER BY place
