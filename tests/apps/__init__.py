"""Programs that make backups of their own, tried for real where they can be had."""
