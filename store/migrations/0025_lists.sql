-- What lists and pages are read by; measured by bench.console.
CREATE INDEX part_stock_of_part ON part_stock (part_no, service_centre);
CREATE INDEX visits_by_start ON visits (lower(during), visit_id);
CREATE INDEX devices_of_customer ON devices (customer, name);

-- As an array, so that an index finds a customer's few visits among all.
DROP POLICY of_customer ON visits;
CREATE POLICY of_customer ON visits AS RESTRICTIVE FOR SELECT TO aftercare_customer
    USING (device_id = ANY (ARRAY(SELECT device_id FROM devices)));
