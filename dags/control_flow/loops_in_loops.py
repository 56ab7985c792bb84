"""For every shop, and for every article in it: the lists are made while the pipeline runs."""

from typing import NamedTuple

from kfp import components, dsl


@components.create_component_from_func
def find_shops(articles: int) -> list:
    goods = ["apples", "bread", "cheese", "dates"][:articles]
    return [
        {"place": "north", "articles": goods},
        {"place": "south", "articles": goods[:1]},
        {"place": "new", "articles": []},
    ]


@components.create_component_from_func
def count_stock(place: str, article: str) -> NamedTuple("Stock", [("line", str), ("number", int)]):
    number = len(place) * len(article)
    print(f"{place} has {number} {article}")
    return f"{place}: {number} {article}", number


@components.create_component_from_func
def order_more(article: str, number: int):
    print(f"only {number} {article} are left")


@components.create_component_from_func
def write_summary(lines: list) -> str:
    return "\n".join(line for shop in lines for line in shop)


@dsl.pipeline(name="loops-in-loops", description="Counts the stock of every article in every shop.")
def loops_in_loops(articles: int = 2, few: int = 25):
    shops = find_shops(articles)
    with dsl.ParallelFor(shops.output) as shop:
        with dsl.ParallelFor(shop.articles) as article:
            stock = count_stock(shop.place, article)
            with dsl.Condition(stock.outputs["number"] < few, name="few-left"):
                order_more(article, stock.outputs["number"])
    write_summary(stock.outputs["line"].ignore_type())  # the lines of all shops, each a list
