"""Where jobs rest."""
