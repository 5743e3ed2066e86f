"""The report: one HTML page that opens from disk and asks nothing of any network."""

from ttsprep.report.render import render, render_build
from ttsprep.report.tables import AuditTables, BuildTables, Coverage

__all__ = ["AuditTables", "BuildTables", "Coverage", "render", "render_build"]
