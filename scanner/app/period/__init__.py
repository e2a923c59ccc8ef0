"""`period-report`: an observation window, night by night."""
