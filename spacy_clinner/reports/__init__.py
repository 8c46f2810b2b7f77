"""What people read: tables for the terminal, one self-contained HTML page."""
