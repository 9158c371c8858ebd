"""What is measured, a module per subject."""
