"""The text format of Prometheus, as its page on exposition formats describes it."""

from pipeline.channels.metrics_file import Metric, Sample, metrics_text


def test_a_metric_is_told_whole_and_one_without_samples_not_at_all() -> None:
    made = [
        Metric("a_seconds", "How long.", [Sample(3, {"stage": "score"}), Sample(2.5)]),
        Metric("b", "Nothing.", []),
        Metric("c", "One \\ two\nthree.", [Sample(0)]),
    ]
    assert metrics_text(made).decode() == (
        "# HELP a_seconds How long.\n# TYPE a_seconds gauge\n"
        'a_seconds{stage="score"} 3\na_seconds 2.5\n'
        "# HELP c One \\\\ two\\nthree.\n# TYPE c gauge\nc 0\n"
    )


def test_labels_are_escaped() -> None:
    text = metrics_text([Metric("a", "A.", [Sample(1, {"name": 'a "b" \\ c\nd'})])]).decode()
    assert text.splitlines()[-1] == 'a{name="a \\"b\\" \\\\ c\\nd"} 1'
    assert metrics_text([]) == b""
