-- tell --
-- For each change, in this order, its entry in the feed and its line in the audit log. A trigger notifies `outbox` at commit.
WITH told AS MATERIALIZED (
    SELECT * FROM unnest(%(kinds)s::text[], %(subject_ids)s::bigint[], %(device_ids)s::bigint[], %(payloads)s::jsonb[],
        %(actions)s::text[], %(details)s::jsonb[]) WITH ORDINALITY
        AS t (kind, subject_id, device_id, payload, action, detail, place)
), fed AS (
    INSERT INTO outbox (kind, subject_id, device_id, payload, created_at)
    SELECT kind, subject_id, device_id, payload, %(at)s FROM told ORDER BY place
)
INSERT INTO audit_log (at, who, action, object_kind, object_id, detail)
SELECT %(at)s, %(who)s, action, kind, subject_id::text, detail FROM told ORDER BY place
