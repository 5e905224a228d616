"""Tables that the samples are about, drawn anew from fixed seeds: the same rows on every machine.

None of them is anyone's data. `automobile` has the columns and the missing values of the table that
is known as imports-85, `income` and `credit` are shaped like the public census and credit tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.lazy import lazy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.random import Generator
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
else:
    np = lazy("numpy")
    pd = lazy("pandas")


def table(name: str) -> pd.DataFrame:
    """Return a sample's table by name."""
    return TABLES[name]()


def _pick(draw: Generator, rows: int, shares: Mapping[str, float]) -> Any:
    total = sum(shares.values())
    return draw.choice(list(shares), size=rows, p=[share / total for share in shares.values()])


def _chance(score: Numbers) -> Numbers:
    result: Numbers = 1 / (1 + np.exp(-score))
    return result


def _of(values: Any, effects: Mapping[str, float]) -> Numbers:
    """Return the effect of each value, 0 for one that has none."""
    return np.array([effects.get(str(value), 0.0) for value in values])


def _lose(draw: Generator, frame: pd.DataFrame, losses: Sequence[tuple[list[str], int]]) -> None:
    """Take the values of some columns away, in other rows for each group of columns."""
    order = draw.permutation(len(frame))
    start = 0
    for columns, count in losses:
        rows = order[start : start + count]
        frame.loc[rows, columns] = None
        start += count


_MAKES = {
    "toyota": (32, 0.0), "nissan": (18, 0.2), "mazda": (17, 0.3), "mitsubishi": (13, -0.3),
    "honda": (13, 0.2), "volkswagen": (12, 0.6), "subaru": (12, -0.2), "peugot": (11, 1.0),
    "volvo": (11, 2.2), "dodge": (9, -0.4), "mercedes-benz": (8, 11.0), "bmw": (8, 8.5),
    "audi": (7, 4.6), "plymouth": (7, -0.5), "saab": (6, 2.0), "porsche": (5, 12.0),
    "isuzu": (4, 0.0), "jaguar": (3, 10.0), "chevrolet": (3, -0.6), "alfa-romeo": (3, 2.4),
    "renault": (2, -0.2), "mercury": (1, 1.5),
}  # fmt: skip


def automobile() -> pd.DataFrame:
    """Draw 205 cars with 26 columns; 193 of them are whole but for normalized-losses."""
    draw, n = np.random.default_rng(85), 205
    make = np.repeat(list(_MAKES), [count for count, _ in _MAKES.values()])
    premium = np.repeat([extra for _, extra in _MAKES.values()], [c for c, _ in _MAKES.values()])
    big = np.clip(draw.normal(0, 1, n) + premium / 6, -2, 3)
    diesel, turbo = draw.random(n) < 0.1, draw.random(n) < 0.18
    engine = np.round(127 + 34 * big + draw.normal(0, 9, n)).clip(61, 326)
    weight = np.round(2550 + 400 * big + draw.normal(0, 120, n)).clip(1488, 4066)
    power = np.round(0.72 * engine + 18 * turbo - 14 * diesel + draw.normal(8, 7, n)).clip(48, 288)
    city = np.round(47 - 0.0075 * weight - 0.03 * power + 5 * diesel + draw.normal(0, 1.4, n))
    # A step that no straight line follows, so that the learners of the samples differ.
    grand = (weight > 2_650) & (engine > 135)
    price = (
        -3_500 + 27 * engine + 1.9 * weight + 7_000 * grand + 32 * power + 780 * premium
        + 900 * diesel + draw.normal(0, 1_500, n)
    )  # fmt: skip
    cylinders = np.select(
        [engine > 220, engine > 160, engine > 150], ["eight", "six", "five"], "four"
    )
    frame = pd.DataFrame(
        {
            "symboling": draw.integers(-2, 4, n),
            "normalized-losses": np.round(draw.normal(122, 33, n)).clip(65, 256),
            "make": make,
            "fuel-type": np.where(diesel, "diesel", "gas"),
            "aspiration": np.where(turbo, "turbo", "std"),
            "num-of-doors": _pick(draw, n, {"four": 114, "two": 89}),
            "body-style": _pick(
                draw, n, {"sedan": 96, "hatchback": 70, "wagon": 25, "hardtop": 8, "convertible": 6}
            ),
            "drive-wheels": _pick(draw, n, {"fwd": 120, "rwd": 76, "4wd": 9}),
            "engine-location": np.where(make == "porsche", "rear", "front"),
            "wheel-base": np.round(98.8 + 4.2 * big + draw.normal(0, 2.5, n), 1),
            "length": np.round(174 + 9 * big + draw.normal(0, 5, n), 1),
            "width": np.round(65.9 + 1.6 * big + draw.normal(0, 0.9, n), 1),
            "height": np.round(draw.normal(53.7, 2.4, n), 1),
            "curb-weight": weight.astype("int64"),
            "engine-type": _pick(
                draw, n, {"ohc": 148, "ohcf": 15, "ohcv": 13, "dohc": 12, "l": 12}
            ),
            "num-of-cylinders": cylinders,
            "engine-size": engine.astype("int64"),
            "fuel-system": np.where(
                diesel, "idi", _pick(draw, n, {"mpfi": 94, "2bbl": 66, "1bbl": 11, "spdi": 9})
            ),
            "bore": np.round(3.33 + 0.16 * big + draw.normal(0, 0.15, n), 2),
            "stroke": np.round(draw.normal(3.26, 0.3, n), 2),
            "compression-ratio": np.round(np.where(diesel, 21.9, 9.0) + draw.normal(0, 0.5, n), 1),
            "horsepower": power,
            "peak-rpm": np.round(np.where(diesel, 4500, 5200) + draw.normal(0, 300, n), -2),
            "city-mpg": city.clip(13, 49).astype("int64"),
            "highway-mpg": (city + np.round(draw.normal(5.5, 1.2, n))).clip(16, 54).astype("int64"),
            "price": np.round(price.clip(5118, 45_400)),
        }
    )
    frame = frame.iloc[draw.permutation(n)].reset_index(drop=True)
    _lose(
        draw,
        frame,
        [(["num-of-doors"], 2), (["bore", "stroke"], 4), (["horsepower", "peak-rpm"], 2), (["price"], 4)],
    )  # fmt: skip
    frame.loc[draw.choice(n, 41, replace=False), "normalized-losses"] = None
    return frame


def income() -> pd.DataFrame:
    """Draw 4,000 people with what they earn: the label is income, <=50K or >50K."""
    draw, n = np.random.default_rng(50), 4_000
    school = {
        "HS-grad": (32, 9), "Some-college": (22, 10), "Bachelors": (17, 13), "Masters": (6, 14),
        "Assoc-voc": (5, 11), "11th": (4, 7), "10th": (3, 6), "Doctorate": (2, 16),
    }  # fmt: skip
    education = _pick(draw, n, {name: share for name, (share, _) in school.items()})
    years = np.array([school[str(name)][1] for name in education])
    age = np.round(17 + draw.gamma(2.4, 9.0, n)).clip(17, 90).astype("int64")
    married = _pick(
        draw, n, {"Married-civ-spouse": 46, "Never-married": 33, "Divorced": 14, "Widowed": 3}
    )
    hours = np.round(draw.normal(40.4, 11, n)).clip(4, 99).astype("int64")
    gain = np.where(draw.random(n) < 0.08, np.round(draw.lognormal(8.3, 0.9, n)), 0)
    work = _pick(
        draw, n,
        {"Craft-repair": 13, "Prof-specialty": 13, "Exec-managerial": 12, "Adm-clerical": 12,
         "Sales": 11, "Other-service": 10, "Machine-op-inspct": 6, "Tech-support": 3},
    )  # fmt: skip
    score = (
        -5.4 + 0.33 * (years - 9) + 0.028 * (age - 38) + 0.03 * (hours - 40) + 0.0004 * gain
        + _of(married, {"Married-civ-spouse": 2.3, "Never-married": -0.6})
        + _of(work, {"Exec-managerial": 1.0, "Prof-specialty": 0.8, "Other-service": -0.8})
        + 1.6
    )  # fmt: skip
    return pd.DataFrame(
        {
            "age": age,
            "workclass": _pick(
                draw, n, {"Private": 70, "Self-emp": 11, "Local-gov": 7, "State-gov": 4}
            ),
            "education": education,
            "education-num": years,
            "marital-status": married,
            "occupation": work,
            "region": _pick(draw, n, {"north": 30, "south": 30, "east": 22, "west": 18}),
            "capital-gain": gain.astype("int64"),
            "hours-per-week": hours,
            "income": np.where(draw.random(n) < _chance(score), ">50K", "<=50K"),
        }
    )


def credit() -> pd.DataFrame:
    """Draw 1,000 loans as the public credit table has them: columns without names, risk 1 or 2."""
    draw, n = np.random.default_rng(17), 1_000
    account = _pick(draw, n, {"A11": 27, "A12": 27, "A13": 6, "A14": 40})
    months = np.round(draw.gamma(3.0, 7.0, n)).clip(4, 72).astype("int64")
    amount = np.round(draw.lognormal(7.79, 0.75, n)).clip(250, 18_424).astype("int64")
    history = _pick(draw, n, {"A30": 4, "A31": 5, "A32": 53, "A33": 9, "A34": 29})
    savings = _pick(draw, n, {"A61": 60, "A62": 10, "A63": 6, "A64": 5, "A65": 18})
    age = np.round(19 + draw.gamma(2.2, 7.5, n)).clip(19, 75).astype("int64")
    score = (
        -1.5 + 0.035 * (months - 20) + 0.0001 * (amount - 3200) - 0.015 * (age - 35)
        + _of(account, {"A11": 0.9, "A12": 0.5, "A14": -0.9})
        + _of(history, {"A30": 0.9, "A31": 0.8, "A34": -0.7})
        + _of(savings, {"A61": 0.3, "A64": -0.7, "A65": -0.6})
    )  # fmt: skip
    columns = {
        "account": account, "months": months, "history": history,
        "purpose": _pick(draw, n, {"A40": 23, "A41": 10, "A42": 18, "A43": 28, "A49": 10}),
        "amount": amount, "savings": savings,
        "employment": _pick(draw, n, {"A71": 6, "A72": 17, "A73": 34, "A74": 17, "A75": 25}),
        "rate": draw.integers(1, 5, n), "age": age,
        "housing": _pick(draw, n, {"A151": 18, "A152": 71, "A153": 11}),
        "credits": draw.integers(1, 4, n),
        "risk": np.where(draw.random(n) < _chance(score), 2, 1),
    }  # fmt: skip
    return pd.DataFrame({f"Col{i}": column for i, column in enumerate(columns.values(), 1)})


def churn() -> pd.DataFrame:
    """Draw 2,000 customers of a telephone company, some 12 % of whom leave."""
    draw, n = np.random.default_rng(12), 2_000
    months = draw.integers(1, 72, n)
    plan = _pick(draw, n, {"monthly": 55, "yearly": 25, "two years": 20})
    minutes = np.round(draw.normal(180, 54, n), 1).clip(0)
    calls = draw.poisson(1.5, n)
    charge = np.round(20 + 0.2 * minutes + draw.normal(0, 4, n), 2)
    score = (
        -2.9 + 0.75 * (calls - 1.5) - 0.03 * (months - 36) + 0.012 * (minutes - 180)
        + _of(plan, {"monthly": 0.9, "two years": -1.4})
    )  # fmt: skip
    return pd.DataFrame(
        {
            "months": months,
            "day_minutes": minutes,
            "service_calls": calls,
            "monthly_charge": charge,
            "monthly_plan": (plan == "monthly").astype("int64"),
            "two_year_plan": (plan == "two years").astype("int64"),
            "churn": (draw.random(n) < _chance(score)).astype("int64"),
        }
    )


_AIRPORTS = ("ATL", "BOS", "DEN", "JFK", "LAX", "ORD", "SEA", "SFO")


def flights() -> pd.DataFrame:
    """Draw 4,000 flights of one month; late is 1 for those that came 15 minutes late or more."""
    draw, n = np.random.default_rng(15), 4_000
    sky = weather().set_index(["airport", "day", "hour"])
    start = draw.integers(0, len(_AIRPORTS), n)
    end = (start + draw.integers(1, len(_AIRPORTS), n)) % len(_AIRPORTS)
    day, hour = draw.integers(1, 31, n), draw.integers(6, 23, n)
    carrier = _pick(draw, n, {"AA": 25, "DL": 25, "UA": 20, "WN": 20, "B6": 10})
    origin = [_AIRPORTS[i] for i in start]
    there = sky.loc[list(zip(origin, day, hour, strict=True))]
    score = (
        -2.4 + 0.11 * (hour - 12) + 0.09 * (there["wind"].to_numpy() - 9)
        - 0.28 * (there["visibility"].to_numpy() - 9) + _of(carrier, {"B6": 0.6, "DL": -0.4})
    )  # fmt: skip
    return pd.DataFrame(
        {
            "day": day,
            "hour": hour,
            "carrier": carrier,
            "origin": origin,
            "destination": [_AIRPORTS[i] for i in end],
            "late": (draw.random(n) < _chance(score)).astype("int64"),
        }
    )


def weather() -> pd.DataFrame:
    """Draw the weather of each hour at the airports of `flights`; a few readings are missing."""
    draw = np.random.default_rng(31)
    frame = pd.DataFrame(
        [(airport, day, hour) for airport in _AIRPORTS for day in range(1, 31) for hour in range(6, 23)],
        columns=["airport", "day", "hour"],
    )  # fmt: skip
    n = len(frame)
    storm = np.repeat(draw.random(n // 17) < 0.2, 17)
    frame["visibility"] = np.round(10 - storm * draw.gamma(2, 1.6, n), 1).clip(0.2, 10)
    frame["wind"] = np.round(draw.gamma(3, 2.6, n) + 9 * storm, 1)
    frame["temperature"] = np.round(12 + 6 * np.sin(frame["hour"] / 4) + draw.normal(0, 4, n), 1)
    return frame


_PRAISE = "loved superb warm moving clever honest brilliant gentle gripping funny tender"
_BLAME = "boring weak clumsy flat tedious awful empty noisy stale waste dull predictable"
_FILL = (
    "the story of a long book about people in town with many pages chapter reader plot style"
    " author character summer winter city family journey letter house river"
)


def reviews() -> pd.DataFrame:
    """Write 1,500 short reviews of books with made-up words of praise and blame."""
    draw, n = np.random.default_rng(7), 1_500
    good = draw.random(n) < 0.55
    praise, blame, fill = _PRAISE.split(), _BLAME.split(), _FILL.split()
    texts = []
    for liked in good:
        own, other = (praise, blame) if liked else (blame, praise)
        words = [
            *draw.choice(fill, draw.integers(8, 20)),
            *draw.choice(own, draw.integers(1, 4)),
            *draw.choice(other, draw.integers(0, 2)),
        ]
        texts.append(" ".join(draw.permutation(words)).capitalize() + ".")
    return pd.DataFrame({"review": texts, "liked": good.astype("int64")})


def ratings() -> pd.DataFrame:
    """Draw 5,000 ratings, 1 to 5, of 120 films by 200 people with tastes of their own."""
    draw = np.random.default_rng(5)
    users, items, n = 200, 120, 5_000
    taste, kind = draw.normal(0, 0.7, (users, 3)), draw.normal(0, 0.9, (items, 3))
    mood, fame = draw.normal(0, 0.4, users), draw.normal(0, 0.5, items)
    pairs = draw.choice(users * items, n, replace=False)
    user, item = pairs // items, pairs % items
    score = (
        3.5 + mood[user] + fame[item] + (taste[user] * kind[item]).sum(1) + draw.normal(0, 0.5, n)
    )
    return pd.DataFrame(
        {
            "user": [f"u{number:03d}" for number in user],
            "film": [f"f{number:03d}" for number in item],
            "rating": np.round(score).clip(1, 5).astype("int64"),
        }
    )


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    function.__name__: function
    for function in (automobile, income, credit, churn, flights, weather, reviews, ratings)
}
