"""What is done after readings are written: roll-ups, latest values, retention."""
