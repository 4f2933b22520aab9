"""Brings up a kind cluster that has our images, from whatever there is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tools.console import Console
from tools.containers.engine import find_engine
from tools.images.build import build_images
from tools.images.catalog import prefix_in
from tools.kind.cluster import Cluster, cluster_name
from tools.kind.node_image import node_image
from tools.kind.steps import step
from tools.kind.target import Target
from tools.parts.catalog import Group, Part
from tools.parts.obtain import obtain_parts
from tools.version import version


@dataclass(frozen=True)
class Up:
    """A cluster that is up; `made` now, or there before."""

    cluster: Cluster
    target: Target
    made: bool


def observe_cluster(console: Console, environ: Mapping[str, str] = os.environ) -> Cluster:
    """The cluster by its name, with an engine that answers and the programs that it takes."""
    with step(console, "engine"):
        docker = find_engine(console, environ)
    with step(console, "kubectl, helm and kind"):
        parts = obtain_parts(Group.CLUSTER.parts, console, environ)
    return Cluster(cluster_name(environ), parts[Part.KIND], docker, parts[Part.KUBECTL])


def cluster_up(cluster: Cluster, console: Console, environ: Mapping[str, str] = os.environ) -> bool:
    """Make the cluster, or bring back the one there is; tells whether it was made now."""
    there = cluster.exists()
    if there:
        with step(console, f"cluster {cluster.name}, there already"):
            cluster.resume()
            cluster.await_ready()
    else:
        with step(console, "node image"):
            image = node_image(cluster.docker, console, environ)
        with step(console, f"cluster {cluster.name}"):
            cluster.create(image)
            cluster.await_ready()
    return not there


def images_up(cluster: Cluster, console: Console, environ: Mapping[str, str] = os.environ) -> Target:
    """Build the images and bring those that have changed to the cluster."""
    with step(console, "images"):
        built = build_images(cluster.docker, console, environ)
    with step(console, "images loaded"):
        for image in cluster.load([image.reference for image in built]):
            console.say(f"loaded {image}")
    return Target(cluster.kubeconfig, prefix_in(environ), version(), cluster.name)
