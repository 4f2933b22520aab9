"""The panels of the dashboard, a module for each row."""
