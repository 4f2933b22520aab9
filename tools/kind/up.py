"""Brings up a kind cluster that has our images, from whatever there is."""

import os
from collections.abc import Mapping

from tools.console import Console
from tools.containers.engine import find_engine
from tools.images.build import build_images
from tools.images.catalog import prefix_in
from tools.kind.cluster import Cluster
from tools.kind.node_image import node_image
from tools.kind.steps import step
from tools.kind.target import Target
from tools.parts.catalog import Group, Part
from tools.parts.obtain import obtain_parts
from tools.version import version


def observe_cluster(name: str, console: Console, environ: Mapping[str, str] = os.environ) -> Cluster:
    """The cluster of this name, with an engine that answers and the programs that it takes."""
    with step(console, "engine"):
        docker = find_engine(console, environ)
    with step(console, "kubectl, helm and kind"):
        parts = obtain_parts(Group.CLUSTER.parts, console, environ)
    return Cluster(name, parts[Part.KIND], docker, parts[Part.KUBECTL])


def cluster_up(cluster: Cluster, console: Console, environ: Mapping[str, str] = os.environ) -> None:
    """Make the cluster, or bring back the one there is."""
    if cluster.exists():
        with step(console, f"cluster {cluster.name}, there already"):
            cluster.resume()
            cluster.await_ready()
    else:
        with step(console, "node image"):
            image = node_image(cluster.docker, console, environ)
        with step(console, f"cluster {cluster.name}"):
            cluster.create(image)
            cluster.await_ready()


def images_up(cluster: Cluster, console: Console, environ: Mapping[str, str] = os.environ) -> Target:
    """Build the images and bring those that have changed to the cluster, also to the pods that run there."""
    with step(console, "images"):
        built = build_images(cluster.docker, console, environ)
    with step(console, "images loaded"):
        loaded = cluster.load([image.reference for image in built])
        for image in loaded:
            console.say(f"loaded {image}")
        for pod in cluster.replace_pods(loaded):
            console.say(f"replaced pod {pod}, which ran an older image")
    return Target(cluster.kubeconfig, prefix_in(environ), version(), cluster.name)
