"""`orderflow_export_json_v1` as a format: the published document, and the answers to it."""

from orderflow.formats.json_v1.format import JsonV1Format, JsonV1Settings

__all__ = ["JsonV1Format", "JsonV1Settings"]
