-- record --
-- Append-only: who did what to which object.
INSERT INTO audit_log (at, who, action, object_kind, object_id, detail)
VALUES (%(at)s, %(who)s, %(action)s, %(object_kind)s, %(object_id)s, %(detail)s)

-- doer --
who

-- doer_of_customer --
'service' AS who

-- history --
-- What was done to an object, newest first.
SELECT at, {doer}, action, detail FROM audit_log
WHERE object_kind = %(object_kind)s AND object_id = %(object_id)s ORDER BY audit_id DESC LIMIT %(limit)s

-- list --
-- Lines of the log, newest first.
SELECT audit_id, at, who, action, object_kind, object_id, detail FROM audit_log
WHERE (%(who)s::text IS NULL OR who = %(who)s)
    AND (%(kind)s::text IS NULL OR object_kind = %(kind)s)
    AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
    AND (%(after)s::bigint IS NULL OR audit_id < %(after)s)
ORDER BY audit_id DESC LIMIT %(limit)s

-- kinds --
-- From one to the next by the index, since the log may have millions of lines of a dozen kinds.
WITH RECURSIVE found (kind) AS (
    SELECT min(object_kind) FROM audit_log
    UNION ALL
    SELECT (SELECT min(object_kind) FROM audit_log WHERE object_kind > kind) FROM found WHERE kind IS NOT NULL
)
SELECT kind FROM found WHERE kind IS NOT NULL
