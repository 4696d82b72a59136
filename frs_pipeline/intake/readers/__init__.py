"""Read delivered files: what stands in them, before anything is judged."""
