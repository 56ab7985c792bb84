"""Do it again until it is good enough: a graph component that calls itself."""

from kfp import components, dsl


@components.create_component_from_func
def start() -> float:
    return 1.0


@components.create_component_from_func
def improve(guess: float, number: float) -> float:
    return (guess + number / guess) / 2


@components.create_component_from_func
def error_of(guess: float, number: float) -> float:
    return abs(guess * guess - number)


@components.create_component_from_func
def tell(number: float, guess: float, error: float):
    print(f"{guess} is the square root of {number}, or nearly: its square is {error} away")


@dsl.graph_component
def approach(guess, number, tolerance):
    better = improve(guess, number)
    error = error_of(better.output, number)
    tell(number, better.output, error.output)
    with dsl.Condition(error.output > tolerance, name="not-good-enough"):
        approach(better.output, number, tolerance)


@dsl.pipeline(name="do-while", description="Approaches a square root, one round after the other.")
def do_while(number: float = 2.0, tolerance: float = 0.01):
    approach(start().output, number, tolerance)
