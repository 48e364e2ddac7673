"""What is measured of a subject: one file each."""
