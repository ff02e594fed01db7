"""The resources as a Pulumi program uses them: one class each, derived from its declaration.

`from homebackup.engine.program import VzdumpJob` gives a `pulumi.CustomResource` whose arguments and outputs have the
declaration's names.
"""

from typing import Any

import pulumi

from homebackup.resources import RESOURCES


class _Resource(pulumi.CustomResource):
    """A resource of the provider; `declared` is its declaration."""

    declared: Any

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any) -> None:
        camel = {f.name: f.camel for f in self.declared.fields}
        properties = {
            **dict.fromkeys(camel.values()),
            **{camel.get(name, name): value for name, value in inputs.items()},
        }
        super().__init__(f"homebackup:index:{self.declared.__name__}", resource_name, properties, opts)

    def translate_output_property(self, prop: str) -> str:
        """The declaration's name of an output."""
        return next((str(f.name) for f in self.declared.fields if f.camel == prop), prop)


_CLASSES = {
    name: type(name, (_Resource,), {"declared": cls, "__doc__": cls.__doc__}) for name, cls in RESOURCES.items()
}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return _CLASSES[name]
    raise AttributeError(f"homebackup has no resource {name}")
