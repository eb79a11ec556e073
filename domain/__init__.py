"""The nouns of after-sales service as frozen dataclasses; pure, imports nothing of ours."""
