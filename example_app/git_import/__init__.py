"""Import of a git repository: its commits become transactions, its text files articles."""
