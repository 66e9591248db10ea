"""Letters: templates and values become text, HTML, headers and bytes."""
