"""Stages: what is done to a clip on its way into a build, one file each."""
