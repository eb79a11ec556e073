-- search --
-- Texts of the catalog that fit, of device models that this transaction has devices of; the best first. Nothing is stored.
-- Each is stemmed by its own language, and so is what is looked for.
SELECT g.device_model, g.subject, g.kind, g.title, g.language,
    ts_headline(l.language, g.told, q.words, 'StartSel=⟦, StopSel=⟧, MaxFragments=0, HighlightAll=true') AS told
FROM unnest(%(device_models)s::text[], %(subjects)s::text[], %(titles)s::text[], %(kinds)s::text[], %(told)s::text[],
        %(languages)s::text[]) AS g (device_model, subject, title, kind, told, language),
    LATERAL (SELECT g.language::regconfig) AS l (language),
    LATERAL (SELECT websearch_to_tsquery(l.language, %(wanted)s)) AS q (words),
    LATERAL (SELECT setweight(to_tsvector(l.language, g.told), 'A') || setweight(to_tsvector(l.language, g.title), 'B'))
        AS v (words)
WHERE v.words @@ q.words AND g.device_model IN (SELECT device_model FROM devices)
ORDER BY ts_rank(v.words, q.words) DESC, g.device_model, g.subject, g.kind, g.told
LIMIT %(limit)s

-- has_devices --
-- Whether this transaction sees a device of a model.
SELECT EXISTS (SELECT FROM devices WHERE device_model = %(device_model)s)
