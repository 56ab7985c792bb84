"""Numbers of optional inputs are written anew, other defaults as they stand (OP-01 to OP-04, W-06, W-08, Y-02)."""

from kfp import components, dsl


def component(kind, default, optional):
    return components.load_component_from_text(f"""
name: Component
inputs: [{{name: a, type: {kind}, default: '{default}', optional: {optional}}}]
implementation: {{container: {{image: alpine, command: [x, {{inputValue: a}}]}}}}
""")


@dsl.pipeline(name="Defaults of component files")
def defaults_of_component_files(given: int = 3):
    for optional in ("true", "false"):
        for default in ("1", "007", " 3 ", "1_000"):
            component("Integer", default, optional)()
        for default in ("1", "0.30", "1e5", "nan"):
            component("Float", default, optional)()
        for kind in ("int", "float", "String", "Bool"):
            component(kind, "1", optional)()
    component("Integer", "1", "true")(given)
    component("Integer", "1", "true")("0x1")
    component("Float", "1", "true")(a=2)


def numbers(a: int = 1, b: float = 1, c: bool = False, d: float = 1e-7, e: int = None, f: str = "1", g: list = [1]):
    pass


@dsl.pipeline(name="Defaults of functions")
def defaults_of_functions(given: float = 3.0):
    op = components.create_component_from_func(numbers)
    op()
    op(a=2, b=2, d=given)
    op(c=True, e=None, f="", g=[])
