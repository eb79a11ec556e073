-- What would do for the part that is waited for.
ALTER TABLE part_reservations ADD COLUMN substitutes text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN part_reservations.substitutes IS 'What would do for the part of the kit: a back-order takes whichever comes first.';
