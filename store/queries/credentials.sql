-- issue --
-- Give a device its credentials; a device that has some keeps them unless they are to be replaced.
INSERT INTO device_credentials (device_id, password_hash, issued_at)
VALUES (%(device_id)s, %(password_hash)s, %(issued_at)s)
ON CONFLICT (device_id) DO UPDATE SET password_hash = EXCLUDED.password_hash, issued_at = EXCLUDED.issued_at
WHERE %(rotate)s

-- hashes --
-- What the broker needs of each device that has credentials.
SELECT d.name, c.password_hash FROM device_credentials c JOIN devices d USING (device_id)
