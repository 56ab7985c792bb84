"""Display names, caching options and staleness (B-13, B-14, O-09)."""

from kfp import components, dsl

volatile = components.load_component_from_text("""
name: Volatile
metadata:
  annotations: {volatile_component: 'true', author: Me}
  labels: {kind: test}
implementation:
  container:
    image: alpine
    command: [date]
""")


@dsl.pipeline(name="display")
def names_to_show_and_caching(who: str = "Ann"):
    dsl.ContainerOp(name="plain", image="alpine", command=["true"]).set_display_name("A nice: name")
    dsl.ContainerOp(name="param", image="alpine", command=["echo", who]).set_display_name(f"Step of {who}")
    dsl.ContainerOp(name="uncached", image="alpine", command=["true"]).set_caching_options(False)
    fresh = dsl.ContainerOp(name="fresh", image="alpine", command=["true"])
    fresh.execution_options.caching_strategy.max_cache_staleness = "P0D"
    volatile()
    volatile().set_display_name("Again").set_caching_options(enable_caching=False)
