"""The only place that speaks SQL: migrations/*.sql, queries/*.sql and one small module per aggregate."""
