"""One small module per way in which alarm changes leave the house."""
