"""Exports: the forms in which trainers and libraries read a build, one file each."""
