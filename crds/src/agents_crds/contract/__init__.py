"""What operator and worker say to each other through Temporal, under one number.

A change that an older worker could not follow gets a new CONTRACT; the operator speaks it and the one before.
"""

CONTRACT = 1
