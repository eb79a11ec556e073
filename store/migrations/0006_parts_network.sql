CREATE TABLE transfer_times (
    from_centre text NOT NULL REFERENCES service_centres,
    to_centre text NOT NULL REFERENCES service_centres,
    takes interval NOT NULL CHECK (takes >= interval '0'),
    PRIMARY KEY (from_centre, to_centre),
    CHECK (from_centre <> to_centre)
);
COMMENT ON TABLE transfer_times IS
    'How long parts are under way between two centres; the way back takes as long unless it is listed too.';

CREATE TABLE part_transfers (
    transfer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part_no text NOT NULL REFERENCES parts,
    quantity bigint NOT NULL CHECK (quantity > 0),
    from_centre text NOT NULL REFERENCES service_centres,
    to_centre text NOT NULL REFERENCES service_centres,
    state text NOT NULL CHECK (state IN ('suggested', 'in_transit', 'arrived', 'cancelled')),
    reservation_id bigint REFERENCES part_reservations,
    takes interval NOT NULL,
    created_at timestamptz NOT NULL,
    shipped_at timestamptz,
    ended_at timestamptz,
    who text NOT NULL,
    reason text NOT NULL DEFAULT '',
    CHECK (from_centre <> to_centre)
);
CREATE UNIQUE INDEX part_transfers_of_reservation ON part_transfers (reservation_id) WHERE state IN ('suggested', 'in_transit');
CREATE INDEX part_transfers_open ON part_transfers (transfer_id) WHERE state IN ('suggested', 'in_transit');
COMMENT ON TABLE part_transfers IS
    'Stock from one centre to another. What is in transit is in no balance: it left one by transfer_out and enters the other by transfer_in.';
COMMENT ON COLUMN part_transfers.reservation_id IS 'For which ticket; null: to fill the other shelf.';

CREATE TABLE part_returns (
    return_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES tickets ON DELETE CASCADE,
    component text NOT NULL,
    part_no text REFERENCES parts,
    service_centre text NOT NULL REFERENCES service_centres,
    state text NOT NULL CHECK (state IN ('expected', 'received', 'inspected')),
    findings text CHECK (findings IN ('worn', 'defective', 'no_fault_found', 'damaged')),
    note text NOT NULL DEFAULT '',
    restocked boolean NOT NULL DEFAULT false,
    expected_at timestamptz NOT NULL,
    received_at timestamptz,
    inspected_at timestamptz,
    inspected_by text,
    UNIQUE (ticket_id, component),
    CHECK ((state = 'inspected') = (findings IS NOT NULL))
);
CREATE INDEX part_returns_open ON part_returns (return_id) WHERE state <> 'inspected';
COMMENT ON TABLE part_returns IS 'What was taken out of a device comes back and is looked at: the number of a return is its return_id.';
COMMENT ON COLUMN part_returns.part_no IS 'Null for a component that was exchanged beside the one of the failure mode.';
