-- What the pages of a device and of a site ask for, however long the history is.
CREATE INDEX IF NOT EXISTS alarms_of_device ON alarms (device_id, alarm_id DESC) WHERE device_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS devices_of_site ON devices (customer, site, name);
