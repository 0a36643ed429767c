"""What people read: the report in Dutch and English, and its maps."""
