"""What all kinds share: the watch, the world as last seen, and the queues that drive reconciles."""
