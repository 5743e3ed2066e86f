"""The report: one HTML page that opens from disk and asks nothing of any network."""

from ttsprep.report.data import AuditTables, BuildTables, Coverage
from ttsprep.report.page import render, render_build

__all__ = ["AuditTables", "BuildTables", "Coverage", "render", "render_build"]
