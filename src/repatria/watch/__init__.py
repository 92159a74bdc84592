"""Watch: what newsrooms and officials published that the record has not read. Only `adding` writes rows, a person's.

`fetch` gets a feed politely and within limits, `entries` reads it, `patterns` says what speaks of a handover,
`inbox` holds the pages that wait for a curator, `gaps` says what was read and what seems to be missing, `run` is all of it in order, `listing`
puts it in lines. `adding` takes what a curator gives, or a page of the inbox, to rows. Feeds and patterns are data: feeds.toml, patterns.toml.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["adding", "entries", "fetch", "gaps", "inbox", "listing", "patterns", "run"],
)
