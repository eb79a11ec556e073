-- keep_devices --
-- The other side of the lock that a removal takes (trigger devices_before_removal). A statement of its own, so that the
-- next one sees whatever it waited for.
SELECT pg_advisory_xact_lock_shared(hashtextextended('aftercare.devices', 0))

-- latest_removal --
SELECT coalesce(max(removal_id), 0) FROM removed_devices

-- removed_after --
-- Numbers follow the order of commits, because removals go one after the other.
SELECT removal_id, device_id FROM removed_devices WHERE removal_id > %(removal)s ORDER BY removal_id

-- waiting --
-- Removed devices that have readings still.
SELECT device_id FROM removed_devices WHERE device_model = %(device_model)s AND readings_dropped_at IS NULL

-- drop_rows --
DELETE FROM {table} WHERE device_id = ANY(%(device_ids)s)

-- note_dropped --
UPDATE removed_devices SET readings_dropped_at = now() WHERE device_id = ANY(%(device_ids)s)
