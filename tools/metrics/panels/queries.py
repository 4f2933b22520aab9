"""What many queries have in common."""

OF_NAMESPACE = 'namespace=~"$namespace"'
OF_AGENT = f'{OF_NAMESPACE},agent=~"$agent"'
OF_POOL = f'{OF_NAMESPACE},pool=~"$pool"'
RATE = "$__rate_interval"


def quantile(share: float, metric: str, labels: str, by: str) -> str:
    """Write the quantile of a histogram."""
    buckets = f"sum by ({by}, le) (rate({metric}_bucket{{{labels}}}[{RATE}]))"
    return f"histogram_quantile({share}, {buckets})"
