"""The main job, for watching: orders travel to a small ERP over a real SFTP server, and its answers come back."""
