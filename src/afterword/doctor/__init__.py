"""The doctor: finds what is wrong with an application's background tasks, and says what mends it. It changes nothing."""
