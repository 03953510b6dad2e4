"""From predictions to scores, plots and pages."""
