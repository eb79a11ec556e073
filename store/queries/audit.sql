-- record --
-- Append-only: who did what to which object.
INSERT INTO audit_log (at, who, action, object_kind, object_id, detail)
VALUES (%(at)s, %(who)s, %(action)s, %(object_kind)s, %(object_id)s, %(detail)s)

-- history --
-- What was done to an object, newest first.
SELECT at, who, action, detail FROM audit_log
WHERE object_kind = %(object_kind)s AND object_id = %(object_id)s ORDER BY audit_id DESC LIMIT %(limit)s
