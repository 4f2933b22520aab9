"""Starts the platform: what already runs as it should is left alone."""

import os
from dataclasses import dataclass
from pathlib import Path

from tools.console import Console
from tools.errors import ExpectedError
from tools.local.defaults import DEFAULT_MODULES, default_manifests
from tools.local.environment import python_environment
from tools.local.install import install
from tools.local.kubectl import Kubectl
from tools.local.platform import PROCESSES, Layout, Platform, settled_ports, spare_ports
from tools.local.ports import is_free
from tools.local.processes import Processes, Service
from tools.local.provider import Provider, chosen_provider
from tools.local.sources import module_sources, sources_version
from tools.local.unattended import observe_unattended
from tools.parts.catalog import ROOT
from tools.parts.obtain import obtain
from tools.parts.store import replace_link

_START_SECONDS = 90.0


@dataclass(frozen=True)
class Up:
    """A running platform and the provider behind it."""

    platform: Platform
    provider: Provider


def up(layout: Layout, console: Console) -> Up:
    """Start or complete the platform in `layout`; returns when everything serves."""
    parts = obtain(console)
    with layout.alone():
        processes = layout.processes()
        running = [name for name in PROCESSES if processes.pid(name) is not None]
        ports = settled_ports(layout.ports(), running, is_free, spare_ports())
        layout.remember(ports)
        platform = Platform(layout, parts, ports)
        provider = chosen_provider(os.environ, platform.standin.url)
        _start_servers(platform, provider, processes, console)
        _start_clients(platform, provider, processes, console)
        return Up(platform, provider)


def _start_servers(platform: Platform, provider: Provider, processes: Processes, console: Console) -> None:
    control_plane = platform.control_plane
    control_plane.prepare()
    platform.temporal.prepare()
    platform.standin.prepare()
    standin = (platform.standin.service,) if provider.is_standin else ()
    ensure((*platform.servers, *standin), processes, console)
    control_plane.write_kubeconfigs()
    replace_link(
        platform.layout.kubeconfig, control_plane.kubeconfig().relative_to(platform.layout.directory)
    )


def _start_clients(platform: Platform, provider: Provider, processes: Processes, console: Console) -> None:
    kubectl = platform.control_plane.kubectl()
    install(kubectl)
    console.say("kinds and rights installed")
    ensure(platform.clients, processes, console)
    _make_way(kubectl, provider)
    modules = os.environ.get("WORKER_MODULES") or DEFAULT_MODULES
    search_path = python_environment(os.environ, ROOT)["PYTHONPATH"].split(":")
    sources = module_sources(modules.split(","), map(Path, search_path))
    kubectl.apply(default_manifests(provider, modules, sources_version(*sources)))
    behind = "the stand-in for Mistral" if provider.is_standin else provider.url
    console.say(f"namespace default: ModelProvider default ({behind}), WorkerPool default")


def _make_way(kubectl: Kubectl, provider: Provider) -> None:
    """Remove the default ModelProvider when it speaks to another server: its address is frozen."""
    name = ("modelprovider", "default", "--namespace=default", "--ignore-not-found")
    url = kubectl("get", *name, "--output=jsonpath={.spec.url}")
    if url in {"", provider.url}:
        return
    if left := observe_unattended(kubectl):
        names = ", ".join(f"{agent.namespace}/{agent.name}" for agent in left)
        raise ExpectedError(f"{names} may still be at {url}: `make down` first, which removes them")
    kubectl("delete", *name)


def ensure(services: tuple[Service, ...], processes: Processes, console: Console) -> None:
    """Start what does not run, replace what runs with other code or settings, and wait for all of it."""
    wanted = [service for service in services if not processes.runs(service.command)]
    stale = [service.name for service in wanted if processes.pid(service.name) is not None]
    processes.stop(*stale)
    for service in wanted:
        processes.start(service.command)
    processes.wait_ready(*services, timeout=_START_SECONDS)
    started = [service.name for service in wanted if service.name not in stale]
    for what, names in (("started", started), ("replaced, as its code or settings changed:", stale)):
        if names:
            console.say(f"{what} {', '.join(names)}")
