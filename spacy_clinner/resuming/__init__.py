"""Trainings that survive a kill: they end as if nothing had happened."""
