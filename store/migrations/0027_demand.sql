-- What the fleet is expected to need of each part, worked out beforehand (docs/decisions/0037).
CREATE TABLE demand_outlook (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    as_of timestamptz NOT NULL,
    predictions bigint NOT NULL,
    rests_on text NOT NULL,
    ticket_event_id bigint NOT NULL
);
COMMENT ON TABLE demand_outlook IS 'When the demand forecasts were worked out, and from what. One row, none before the first time.';
COMMENT ON COLUMN demand_outlook.predictions IS 'How many were counted: of each device and failure mode the newest.';
COMMENT ON COLUMN demand_outlook.rests_on IS 'Digest of the kits and lead times that were counted with.';
COMMENT ON COLUMN demand_outlook.ticket_event_id IS 'The newest ticket event then: a later one may have given a device its parts, or taken them.';

CREATE TABLE demand_forecasts (
    service_centre text NOT NULL REFERENCES service_centres,
    part_no text NOT NULL REFERENCES parts,
    lead_time interval NOT NULL,
    expected double precision NOT NULL CHECK (expected >= 0),
    first integer NOT NULL CHECK (first >= 0),
    enough double precision[] NOT NULL,
    PRIMARY KEY (service_centre, part_no)
);
COMMENT ON TABLE demand_forecasts IS 'Pieces of a part that failures at a service centre are expected to take within the part''s lead time.';
COMMENT ON COLUMN demand_forecasts.enough IS 'Probability that first, first + 1, ... pieces are enough; ascending.';
