"""The stages of a night, in their order, by the names that the ledger, the commands and the pages use."""

STAGES = ("features", "score", "segment", "register", "watch", "publish")
