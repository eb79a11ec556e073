-- find --
-- How far the import of one file has come.
SELECT read_offset, read_lines, rejected, reject_bytes, finished_at FROM import_journal
WHERE device_model = %(device_model)s AND kind = %(kind)s AND sha256 = %(sha256)s AND options = %(options)s

-- note --
-- The newest state is the one that counts: an import that begins again begins the entry again.
INSERT INTO import_journal (device_model, kind, sha256, options, file_name, read_offset, read_lines, rejected,
                            reject_bytes, noted_at, finished_at)
VALUES (%(device_model)s, %(kind)s, %(sha256)s, %(options)s, %(file_name)s, %(offset)s, %(lines)s, %(rejected)s,
        %(reject_bytes)s, %(at)s, %(finished_at)s)
ON CONFLICT (device_model, kind, sha256, options) DO UPDATE
SET file_name = EXCLUDED.file_name, read_offset = EXCLUDED.read_offset, read_lines = EXCLUDED.read_lines,
    rejected = EXCLUDED.rejected, reject_bytes = EXCLUDED.reject_bytes, noted_at = EXCLUDED.noted_at,
    finished_at = EXCLUDED.finished_at
