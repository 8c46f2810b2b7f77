"""What is learned from notes that nobody has labelled."""
