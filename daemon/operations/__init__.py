"""What keeps a desk running by itself: jobs, alarms, figures, logs, the service manager."""
