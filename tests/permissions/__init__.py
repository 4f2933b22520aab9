"""What each of the operator's rights is for, and what it does without it."""
