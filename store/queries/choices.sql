-- customers --
-- From one to the next by the index.
WITH RECURSIVE found (customer) AS (
    SELECT min(customer) FROM devices WHERE customer <> ''
    UNION ALL
    SELECT (SELECT min(customer) FROM devices WHERE customer > found.customer) FROM found WHERE customer IS NOT NULL
)
SELECT customer FROM found WHERE customer IS NOT NULL LIMIT 1000

-- service_centres --
-- All of them, by name.
SELECT service_centre FROM service_centres ORDER BY service_centre
