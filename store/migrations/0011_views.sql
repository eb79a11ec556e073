CREATE TABLE saved_views (
    saved_view_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    page text NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    query text NOT NULL,
    UNIQUE (user_id, page, name)
);
COMMENT ON TABLE saved_views IS 'Filters of a console page that a user gave a name: `query` is what stands in its address.';

-- The ranked list of predicted failures: the alarms that predictions hold up, costliest first.
CREATE INDEX alarms_by_saving ON alarms ((coalesce(saving, 0)) DESC, alarm_id DESC) WHERE active AND source = 'prediction';
-- A week of a calendar.
CREATE INDEX visits_by_time ON visits USING gist (during);
