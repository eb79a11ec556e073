-- begin_flow --
INSERT INTO sign_in_flows (state_hash, nonce, code_verifier, target, began_at)
VALUES (%(state_hash)s, %(nonce)s, %(code_verifier)s, %(target)s, %(at)s)

-- forget_flows --
-- Of those who never came back.
DELETE FROM sign_in_flows WHERE began_at <= %(since)s

-- take_flow --
-- Once: whoever comes with the same state again finds nothing.
DELETE FROM sign_in_flows WHERE state_hash = %(state_hash)s RETURNING nonce, code_verifier, target, began_at

-- find_user --
SELECT u.name FROM user_identities i JOIN users u USING (user_id) WHERE i.issuer = %(issuer)s AND i.subject = %(subject)s

-- link --
INSERT INTO user_identities (issuer, subject, user_id, linked_at)
SELECT %(issuer)s, %(subject)s, user_id, %(at)s FROM users WHERE lower(name) = lower(%(name)s)
ON CONFLICT DO NOTHING
