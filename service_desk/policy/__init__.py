"""When to act, decided in money: pure."""
