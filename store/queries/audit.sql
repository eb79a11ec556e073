-- record --
-- Append-only: who did what to which object.
INSERT INTO audit_log (at, who, action, object_kind, object_id, detail)
VALUES (%(at)s, %(who)s, %(action)s, %(object_kind)s, %(object_id)s, %(detail)s)
