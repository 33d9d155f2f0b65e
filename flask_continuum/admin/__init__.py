"""The history admin: server-rendered pages under one blueprint."""
