"""The report: one HTML page that opens from disk and asks nothing of any network."""

from ttsprep.report.render import render
from ttsprep.report.tables import AuditTables, Coverage

__all__ = ["AuditTables", "Coverage", "render"]
