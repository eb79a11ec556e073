-- held --
-- Bytes that one command's uploads take already, the part that comes now left out.
SELECT coalesce(sum(octet_length(content)), 0) FROM command_upload_parts
WHERE command_id = %(command_id)s AND (sha256, part) <> (%(sha256)s, %(part)s)

-- keep_part --
-- A part that came before lands on itself; gives whether what is there agrees with it.
INSERT INTO command_upload_parts AS known (command_id, sha256, part, parts, name, content_type, content)
VALUES (%(command_id)s, %(sha256)s, %(part)s, %(parts)s, %(name)s, %(content_type)s, %(content)s)
ON CONFLICT (command_id, sha256, part) DO UPDATE SET part = known.part
RETURNING known.content = %(content)s AND known.parts = %(parts)s

-- parts --
SELECT part, parts, content_type, content FROM command_upload_parts
WHERE command_id = %(command_id)s AND sha256 = %(sha256)s ORDER BY part

-- add_file --
INSERT INTO command_files (command_id, name, content_type, size, sha256, content, received_at)
VALUES (%(command_id)s, %(name)s, %(content_type)s, %(size)s, %(sha256)s, %(content)s, %(at)s)
ON CONFLICT (command_id, sha256) DO NOTHING

-- drop_parts --
-- Of commands that have ended: what has not become a file never will.
DELETE FROM command_upload_parts WHERE command_id = ANY(%(ids)s::bigint[])

-- files --
-- Of one command, or of all commands of a ticket.
SELECT f.command_file_id, f.command_id, f.name, f.content_type, f.size, encode(f.sha256, 'hex') AS sha256, f.received_at
FROM command_files f JOIN commands c USING (command_id)
WHERE (%(command_id)s::bigint IS NULL OR f.command_id = %(command_id)s)
  AND (%(ticket_id)s::bigint IS NULL OR c.ticket_id = %(ticket_id)s)
ORDER BY f.command_file_id

-- content --
SELECT f.name, f.content_type, f.content FROM command_files f JOIN commands c USING (command_id)
WHERE f.command_file_id = %(command_file_id)s
