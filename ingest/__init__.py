"""MQTT to store: payload codecs and batches (pure), the subscriber and the writer, history in bulk, replays."""
