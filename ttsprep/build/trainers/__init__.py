"""Trainers: the profile of each, and the script that starts it on a build."""
