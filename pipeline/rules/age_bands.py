"""The age bands that groups of people are told by, on evaluations and in counts alike."""

# First age in whole years of each band, up to the next, and its title.
AGE_BANDS = (
    (0, "0 to 17"),
    (18, "18 to 39"),
    (40, "40 to 64"),
    (65, "65 to 74"),
    (75, "75 to 84"),
    (85, "85 and over"),
)
