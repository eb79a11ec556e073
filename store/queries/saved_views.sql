-- list --
-- A user's views of a page, by name.
SELECT saved_view_id, name, query FROM saved_views
WHERE user_id = %(user_id)s AND page = %(page)s ORDER BY name

-- count --
SELECT count(*) FROM saved_views WHERE user_id = %(user_id)s

-- save --
-- The same name again is the same view with other filters.
INSERT INTO saved_views (user_id, page, name, query) VALUES (%(user_id)s, %(page)s, %(name)s, %(query)s)
ON CONFLICT (user_id, page, name) DO UPDATE SET query = EXCLUDED.query

-- remove --
DELETE FROM saved_views WHERE user_id = %(user_id)s AND saved_view_id = %(saved_view_id)s
