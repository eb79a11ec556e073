CREATE TABLE sites (
    customer text NOT NULL,
    site text NOT NULL,
    time_zone text NOT NULL,
    hours text NOT NULL,
    holidays text NOT NULL,
    closed_days date[] NOT NULL,
    service_centre text REFERENCES service_centres,
    travel_cost bigint NOT NULL CHECK (travel_cost >= 0),
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (customer, site)
);
COMMENT ON COLUMN sites.hours IS 'As OpenStreetMap writes opening_hours, by the clock of the time zone: Mo-Fr 08:00-17:00.';
COMMENT ON COLUMN sites.holidays IS 'Country or region whose public holidays close it: DE or DE-HH; empty: none.';
COMMENT ON COLUMN sites.travel_cost IS
    'What of a visit''s cost the journey there is, in minor units of the currency of the device model.';

CREATE TABLE device_sales (
    device_id bigint PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    manufactured_on date,
    purchased_on date,
    sold_to text
);
COMMENT ON COLUMN device_sales.sold_to IS 'The first owner: a warranty that is not transferable is his alone.';

CREATE TABLE warranties (
    warranty_no text PRIMARY KEY,
    device_id bigint REFERENCES devices ON DELETE CASCADE,
    device_model text REFERENCES device_models,
    starts_from text NOT NULL CHECK (starts_from IN ('installation', 'manufacture', 'purchase')),
    term_months integer,
    usage_channel text NOT NULL,
    usage_limit double precision,
    parts_percent smallint NOT NULL CHECK (parts_percent BETWEEN 0 AND 100),
    labour_percent smallint NOT NULL CHECK (labour_percent BETWEEN 0 AND 100),
    travel_percent smallint NOT NULL CHECK (travel_percent BETWEEN 0 AND 100),
    excluded_failure_modes text[] NOT NULL,
    excluded_components text[] NOT NULL,
    excluded_causes text[] NOT NULL,
    transferable boolean NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CHECK (num_nonnulls(device_id, device_model) = 1),
    CHECK (num_nonnulls(term_months, usage_limit) > 0)
);
CREATE INDEX warranties_of_device ON warranties (device_id);
CREATE INDEX warranties_of_model ON warranties (device_model);

CREATE TABLE contracts (
    contract_no text PRIMARY KEY,
    customer text NOT NULL,
    site text,
    device_id bigint REFERENCES devices ON DELETE CASCADE,
    valid_from date NOT NULL,
    valid_to date CHECK (valid_to >= valid_from),
    response_hours double precision CHECK (response_hours > 0),
    repair_hours double precision CHECK (repair_hours > 0),
    hours text NOT NULL CHECK (hours IN ('business', 'always')),
    pause_reasons text[] NOT NULL,
    priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 5),
    breach_penalty bigint NOT NULL CHECK (breach_penalty >= 0),
    parts_percent smallint NOT NULL CHECK (parts_percent BETWEEN 0 AND 100),
    labour_percent smallint NOT NULL CHECK (labour_percent BETWEEN 0 AND 100),
    travel_percent smallint NOT NULL CHECK (travel_percent BETWEEN 0 AND 100),
    excluded_failure_modes text[] NOT NULL,
    excluded_components text[] NOT NULL,
    excluded_causes text[] NOT NULL,
    version integer NOT NULL DEFAULT 1,
    FOREIGN KEY (customer, site) REFERENCES sites
);
CREATE INDEX contracts_of_customer ON contracts (customer);
COMMENT ON COLUMN contracts.valid_to IS 'Its last day, by the calendar of the site; null: until it is ended.';
COMMENT ON COLUMN contracts.breach_penalty IS 'For each missed window, in minor units of the currency of the device model.';

CREATE TABLE sla_clocks (
    ticket_id bigint NOT NULL REFERENCES tickets ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('response', 'repair')),
    contract_no text NOT NULL,
    started_at timestamptz NOT NULL,
    window_length interval NOT NULL CHECK (window_length > interval '0'),
    time_zone text NOT NULL,
    hours text NOT NULL,
    holidays text NOT NULL,
    closed_days date[] NOT NULL,
    pause_reasons text[] NOT NULL,
    warn_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    stopped_at timestamptz,
    paused boolean NOT NULL DEFAULT false,
    warned_at timestamptz,
    breached_at timestamptz,
    PRIMARY KEY (ticket_id, kind)
);
CREATE INDEX sla_clocks_running ON sla_clocks (warn_at)
    WHERE stopped_at IS NULL AND NOT paused AND breached_at IS NULL;
COMMENT ON TABLE sla_clocks IS
    'What a contract promised for a ticket when it opened, with the hours that were agreed then. The start never moves.';
COMMENT ON COLUMN sla_clocks.due_at IS 'While it is paused: when it would have been due without that pause.';

CREATE TABLE sla_pauses (
    sla_pause_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES tickets ON DELETE CASCADE,
    reason text NOT NULL CHECK (reason IN ('waiting_for_customer', 'waiting_for_part')),
    began_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= began_at)
);
CREATE UNIQUE INDEX sla_pauses_open ON sla_pauses (ticket_id) WHERE ended_at IS NULL;
CREATE INDEX sla_pauses_of_ticket ON sla_pauses (ticket_id);
