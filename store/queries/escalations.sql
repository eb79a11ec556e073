-- put_policy --
INSERT INTO escalation_policies (policy, subscription, steps, created_at)
VALUES (%(policy)s, %(subscription)s, %(steps)s, %(now)s)
ON CONFLICT (policy) DO UPDATE SET subscription = EXCLUDED.subscription, steps = EXCLUDED.steps

-- policies --
SELECT policy, subscription, steps, created_at,
    (SELECT count(*) FROM escalations e WHERE e.policy = p.policy) AS waiting
FROM escalation_policies p ORDER BY policy

-- lock_policy --
SELECT FROM escalation_policies WHERE policy = %(policy)s FOR UPDATE

-- remove_policy --
DELETE FROM escalation_policies WHERE policy = %(policy)s

-- watch --
-- Begins anew when the alarm was raised, became more severe or can wait no longer; not for one that has been removed meanwhile.
INSERT INTO escalations (alarm_id, policy, since, next_step, due_at)
SELECT alarm_id, %(policy)s, %(since)s, 0, %(due_at)s FROM alarms WHERE alarm_id = %(alarm_id)s
ON CONFLICT (alarm_id, policy) DO UPDATE SET since = EXCLUDED.since, next_step = 0, due_at = EXCLUDED.due_at

-- due --
-- With the alarm locked, so that an acknowledgement comes before the call or after it. Nobody is called for what can wait.
SELECT e.alarm_id, e.policy, e.since, e.next_step, a.active AND NOT a.acknowledged AND NOT a.deferred, a.shelved_until
FROM escalations e JOIN alarms a USING (alarm_id) WHERE e.due_at <= %(now)s
ORDER BY e.due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED

-- go_on --
UPDATE escalations SET next_step = %(next_step)s, due_at = %(due_at)s
WHERE alarm_id = %(alarm_id)s AND policy = %(policy)s

-- end --
DELETE FROM escalations WHERE alarm_id = %(alarm_id)s AND policy = %(policy)s
