"""Formats of annotation tools, one a file, and the table of all formats."""
