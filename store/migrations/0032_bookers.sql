-- Who booked a visit, or noted how satisfied a customer is, is the maker's own too (0030).
REVOKE SELECT ON visits, ticket_feedback FROM aftercare_customer;
GRANT SELECT (visit_id, device_id, kind, state, technician_id, during, maintenance_length, reference, booked_at)
    ON visits TO aftercare_customer;
GRANT SELECT (ticket_id, satisfaction, comment, at) ON ticket_feedback TO aftercare_customer;
