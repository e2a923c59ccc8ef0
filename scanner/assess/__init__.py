"""What the engine makes of rule outcomes: findings, reviews per identity, populations, tie-outs, the verdict. Pure."""
