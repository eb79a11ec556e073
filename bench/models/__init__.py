"""How good and how quick the models are, beside plain gradient boosting and what others have published."""
