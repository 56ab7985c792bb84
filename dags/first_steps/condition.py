"""Do one thing or the other."""

from kfp import components, dsl


@components.create_component_from_func
def flip_coin(force: str = "") -> str:
    """Flip a coin, or show the side it is forced to."""
    import random

    side = force or random.choice(["heads", "tails"])
    print(side)
    return side


@components.create_component_from_func
def print_message(text: str):
    print(text)


@dsl.pipeline(name="conditional-pipeline", description="What runs depends on a coin.")
def condition_pipeline(force: str = ""):
    flip = flip_coin(force)
    with dsl.Condition(flip.output == "heads"):
        again = flip_coin(force)
        with dsl.Condition(again.output == "heads"):
            print_message("heads twice")
    with dsl.Condition(flip.output == "tails"):
        print_message("tails")
