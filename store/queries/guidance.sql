-- search --
-- Texts of the catalog that fit, of device models that this transaction has devices of; the best first. Nothing is stored.
SELECT g.device_model, g.failure_mode, g.kind,
    ts_headline('english', g.told, q.words, 'StartSel=⟦, StopSel=⟧, MaxFragments=0, HighlightAll=true') AS told
FROM unnest(%(device_models)s::text[], %(failure_modes)s::text[], %(titles)s::text[], %(kinds)s::text[], %(told)s::text[])
    AS g (device_model, failure_mode, title, kind, told),
    websearch_to_tsquery('english', %(wanted)s) AS q (words),
    LATERAL (SELECT setweight(to_tsvector('english', g.told), 'A') || setweight(to_tsvector('english', g.title), 'B')) AS v (words)
WHERE v.words @@ q.words AND g.device_model IN (SELECT device_model FROM devices)
ORDER BY ts_rank(v.words, q.words) DESC, g.device_model, g.failure_mode, g.kind
LIMIT %(limit)s
