"""What the doctor looks at: models, tables and databases, one module for each."""
