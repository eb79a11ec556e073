"""Benchmarks of the service desk."""
