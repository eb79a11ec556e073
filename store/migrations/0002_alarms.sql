CREATE TABLE unjudged_readings (
    device_id bigint PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    device_model text NOT NULL,
    first_ts timestamptz NOT NULL,
    last_ts timestamptz NOT NULL
);
CREATE INDEX unjudged_readings_of_model ON unjudged_readings (device_model, device_id);
COMMENT ON TABLE unjudged_readings IS
    'The stretch of each device that was written and that the alarm rules have not seen. Noted by upkeep, taken by alarms.';

CREATE TABLE rule_memories (
    device_id bigint PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    judged_until timestamptz NOT NULL,
    states jsonb NOT NULL,
    older_at timestamptz NOT NULL,
    older jsonb NOT NULL,
    newer_at timestamptz NOT NULL,
    newer jsonb NOT NULL,
    told jsonb NOT NULL,
    silent_from timestamptz
);
CREATE INDEX rule_memories_silent ON rule_memories (silent_from) WHERE silent_from IS NOT NULL;
COMMENT ON TABLE rule_memories IS
    'What the alarm rules know of each device, committed with the alarms that they raise: each change is told once.';
COMMENT ON COLUMN rule_memories.judged_until IS 'Device time of the last reading that the rules have seen.';
COMMENT ON COLUMN rule_memories.older IS 'States as of older_at: what late readings are judged from. The same for newer.';
COMMENT ON COLUMN rule_memories.told IS 'Times in alarm since older_at, by rule: a reading that comes late does not tell them again.';
COMMENT ON COLUMN rule_memories.silent_from IS 'When a rule for silence is due if nothing comes.';

CREATE TABLE alarm_members (
    alarm_id bigint NOT NULL REFERENCES alarms ON DELETE CASCADE,
    device_id bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
    joined_at timestamptz NOT NULL,
    left_at timestamptz,
    PRIMARY KEY (alarm_id, device_id)
);
CREATE INDEX alarm_members_of_device ON alarm_members (device_id) WHERE left_at IS NULL;
COMMENT ON TABLE alarm_members IS 'The devices that a site''s alarm stands for; none of them has an alarm of its own for that.';

CREATE TABLE alarm_comments (
    alarm_comment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id bigint NOT NULL REFERENCES alarms ON DELETE CASCADE,
    at timestamptz NOT NULL,
    who text NOT NULL,
    comment text NOT NULL CHECK (comment <> '')
);
CREATE INDEX alarm_comments_of_alarm ON alarm_comments (alarm_id, alarm_comment_id);

CREATE TABLE visit_capacities (
    service_centre text PRIMARY KEY REFERENCES service_centres ON DELETE CASCADE,
    visits_per_week integer NOT NULL CHECK (visits_per_week >= 0)
);
COMMENT ON TABLE visit_capacities IS 'Visits that a service centre can make in a week; a centre without a row takes all that is predicted.';

CREATE INDEX audit_of_object ON audit_log (object_kind, object_id, audit_id);

ALTER TABLE alarms ADD COLUMN saving bigint;
COMMENT ON COLUMN alarms.saving IS
    'What a visit now saves as expected, in minor units of the currency, by the newest prediction that raised it.';
