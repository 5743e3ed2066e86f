"""The report: one HTML page that opens from disk and asks nothing of any network."""

from ttsprep.report.page import audit_report, build_report

__all__ = ["audit_report", "build_report"]
