"""Every style has a metric of its own, which MLflow accepts."""

from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name

from ablations.process.names import class_metrics

STYLES = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=300), unique=True)


@given(STYLES)
@example([".", "..", "...", "_", "__", "a/b", "a?b", "a_b", "a_b_2", "A_B", "truth", "a\nb", "x" * 300])
@example(["x" * 300, "x" * 301])
def test_each_style_has_its_own_metric(styles):
    metrics = class_metrics(styles)
    assert list(metrics) == styles
    assert len({metric.casefold() for metric in metrics.values()}) == len(styles)
    for metric in metrics.values():
        _validate_metric_name(metric)


def test_ordinary_names_are_kept():
    assert class_metrics(["Art_Nouveau", "Ukiyo-e", "Pop Art"]) == {
        "Art_Nouveau": "test_class/Art_Nouveau",
        "Ukiyo-e": "test_class/Ukiyo-e",
        "Pop Art": "test_class/Pop Art",
    }
