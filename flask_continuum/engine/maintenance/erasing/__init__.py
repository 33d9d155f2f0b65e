"""What ``erase`` is made of: which records are reached, their versions, and traces of people."""
