-- Title: Keyed digests of local identifiers and row keys
-- Grain: one row per distinct text
-- Reads: distinct_text
-- Window: none
-- Source: nested keyed SHA-256 (the outer hash covers the inner one, so the key cannot be extended past), cut to 128 bits
-- Null: never; texts are not null
select
    distinct_text.text,
    left(sha256($secret || sha256($secret || distinct_text.text)), 32) as digest,
from distinct_text
