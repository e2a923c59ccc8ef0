"""What lasts from night to night: waivers and the history of findings."""
