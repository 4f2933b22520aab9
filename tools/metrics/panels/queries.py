"""What many queries have in common."""

OF_NAMESPACE = 'namespace=~"$namespace"'
OF_AGENT = f'{OF_NAMESPACE},agent=~"$agent"'
OF_POOL = f'{OF_NAMESPACE},pool=~"$pool"'
RATE = "$__rate_interval"
# Others in the cluster may tell what Temporal's SDK does too; only our workers have the label of a pool.
OF_WORKERS = f'{OF_POOL},pool!=""'


def quantile(share: float, metric: str, labels: str, by: str) -> str:
    """Write the quantile of a histogram."""
    buckets = f"sum by ({by}, le) (rate({metric}_bucket{{{labels}}}[{RATE}]))"
    return f"histogram_quantile({share}, {buckets})"


def sdk_rate(metric: str) -> str:
    """Write the rate of what Temporal's SDK counts, in our workers and in the operator."""
    of_operators = f"rate({metric}[{RATE}]) and on (job, instance) durable_agents_leader"
    return f'(rate({metric}{{pool!=""}}[{RATE}]) or {of_operators})'


def sdk_quantile(share: float, metric: str, by: str) -> str:
    """Write the quantile of a histogram of Temporal's SDK."""
    return f"histogram_quantile({share}, sum by ({by}, le) {sdk_rate(f'{metric}_bucket')})"
