"""`.after` orders steps and groups that share no values (B-02, CO-13)."""

from kfp import dsl


def say(name):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo", name])


@dsl.pipeline(name="After orders steps")
def after_orders_steps():
    first = say("first")
    second = say("second").after(first)
    say("third").after(first, second)


@dsl.pipeline(name="after-a-group")
def after_a_group(mode: str = "fast"):
    first = say("first")
    with dsl.Condition(mode == "fast") as fast:
        say("inside")
    fast.after(first)
    last = say("last")
    last.after(fast)
