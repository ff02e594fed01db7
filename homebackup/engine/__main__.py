"""`python -m homebackup.engine`: what the provider's launcher starts; Pulumi waits for every import of it, twice."""

import gc

gc.disable()  # nothing that is imported is garbage, and the collector would look through all of it again and again

from homebackup.engine.serve import main  # noqa: E402  -- the collector has to be off before it

gc.freeze()
gc.set_threshold(20_000, 20, 20)  # what is imported later, at the first look, is no garbage either
gc.enable()

if __name__ == "__main__":
    main()
