"""Every resource, found by listing this folder: a new file here is a new resource."""

from importlib import import_module
from pkgutil import iter_modules

from homebackup.model.lifecycle import Managed

RESOURCES: dict[str, type[Managed]] = {
    name: cls
    for module in iter_modules(__path__)
    if not module.name.startswith("_")
    for name, cls in vars(import_module(f"{__name__}.{module.name}")).items()
    if isinstance(cls, type) and cls.__module__ == f"{__name__}.{module.name}" and hasattr(cls, "key")
}
"""Resource classes by their name in Pulumi."""
