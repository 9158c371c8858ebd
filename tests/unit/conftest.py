"""Hypothesis measures no time here: on a busy machine a slow example is no finding."""

from hypothesis import settings

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
