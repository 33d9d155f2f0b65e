"""Reading history: functions that return frozen results, each in a constant number of statements."""
