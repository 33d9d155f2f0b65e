"""What several test modules need, apart from pytest's fixtures."""
