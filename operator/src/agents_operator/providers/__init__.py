"""ModelProviders: whether they accept their key, and how to get to them."""

from agents_operator.providers.access import ProviderAccess
from agents_operator.providers.reconcile import ProviderReconciler

__all__ = ["ProviderAccess", "ProviderReconciler"]
