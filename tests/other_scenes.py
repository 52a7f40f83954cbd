"""What a camera sees by mistake: web pages, desks, faces, food, plain fields. Seeded, BGR, uint8."""

from __future__ import annotations

import base64
from typing import Callable, Dict, List, Tuple

import cv2
import numpy as np

from tests.not_heads import landscape, page
from tests.other_scans import COUNT, SIDE

Draw = Callable[[np.random.Generator], List[np.ndarray]]
Colour = Tuple[int, int, int]
PAGE = (1280, 720)


def _colour(random: np.random.Generator) -> Colour:
    blue, green, red = (int(value) for value in random.integers(0, 256, 3))
    return blue, green, red


def _textured(random: np.random.Generator, picture: np.ndarray, depth: float) -> np.ndarray:
    """Lay uneven light and grain on a picture."""
    rows, columns = picture.shape[:2]
    coarse = cv2.resize(random.normal(0, 1, (6, 6)).astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(random.normal(0, 1, (rows, columns)).astype(np.float32), (0, 0), 1.2)
    light = 1 + depth * (coarse + grain)
    return np.clip(picture * (light[..., None] if picture.ndim == 3 else light), 0, 255).astype(np.uint8)


def _sizes(random: np.random.Generator) -> np.ndarray:
    """Sizes as those of a head from slice to slice."""
    along = np.linspace(0.25, np.pi - 0.3, COUNT)
    return np.asarray(random.uniform(95, 118) * np.sqrt(np.sin(along)))


def rings(random: np.random.Generator, textured: bool) -> List[np.ndarray]:
    """Eggs: white shells around grey, large and small as a head's slices are."""
    grey, ground, long = int(random.integers(60, 180)), int(random.integers(0, 30)), random.uniform(0.7, 1.0)
    pictures = []
    for size in _sizes(random):
        picture = np.full((SIDE, SIDE), ground, np.uint8)
        axes = int(size * long), int(size)
        cv2.ellipse(picture, (128, 128), axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
        shell = random.uniform(0.06, 0.12)
        inner = int(axes[0] - shell * size), int(axes[1] - shell * size)
        cv2.ellipse(picture, (128, 128), inner, 0, 0, 360, grey, -1, cv2.LINE_AA)
        if textured:
            within = cv2.ellipse(np.zeros_like(picture), (128, 128), inner, 0, 0, 360, 1, -1) > 0
            picture = np.where(within, _textured(random, picture, 0.08), picture)
        pictures.append(picture)
    return pictures


def faces(random: np.random.Generator) -> List[np.ndarray]:
    """Drawn faces: white or coloured, with eyes and mouth."""
    pictures = []
    for size in _sizes(random):
        line = bool(random.random() < 0.5)
        ground, skin = ((255,) * 3, (255,) * 3) if line else (_colour(random), (150, 190, 235))
        picture = np.full((SIDE, SIDE, 3), ground, np.uint8)
        high = int(size)
        cv2.ellipse(picture, (128, 128), (int(0.8 * high), high), 0, 0, 360, skin, -1, cv2.LINE_AA)
        cv2.ellipse(picture, (128, 128), (int(0.8 * high), high), 0, 0, 360, (20, 20, 20), 3, cv2.LINE_AA)
        for x in (-0.32, 0.32):
            cv2.circle(picture, (int(128 + x * high), int(128 - 0.2 * high)), max(high // 9, 2), (255, 255, 255), -1)
            cv2.circle(picture, (int(128 + x * high), int(128 - 0.2 * high)), max(high // 18, 1), (30, 30, 30), -1)
        cv2.ellipse(picture, (128, int(128 + 0.35 * high)), (high // 3, high // 8), 0, 0, 180, (40, 40, 160), 3)
        pictures.append(_textured(random, picture, 0.02))
    return pictures


def portraits(random: np.random.Generator) -> List[np.ndarray]:
    """Blurred portraits: light from the side, dark hair, a bright wall or a dark one."""
    pictures = []
    for _ in range(COUNT):
        picture = np.full((SIDE, SIDE, 3), _colour(random), np.uint8)
        cv2.ellipse(picture, (128, 250), (110, 70), 0, 0, 360, _colour(random), -1)
        cv2.ellipse(picture, (128, 110), (72, 88), 0, 0, 360, (25, 35, 50), -1)
        cv2.ellipse(picture, (128, 125), (56, 72), 0, 0, 360, (130, 165, 215), -1)
        for x in (105, 151):
            cv2.ellipse(picture, (x, 115), (10, 5), 0, 0, 360, (40, 40, 40), -1)
        cv2.ellipse(picture, (128, 165), (18, 6), 0, 0, 360, (70, 70, 150), -1)
        light = np.linspace(0.6, 1.2, SIDE)[None, :, None]
        picture = np.clip(cv2.GaussianBlur(picture, (0, 0), 3) * light, 0, 255).astype(np.uint8)
        pictures.append(_textured(random, picture, 0.05))
    return pictures


ROUND: Dict[str, Tuple[Colour, Colour, Colour, Colour]] = {
    "melon": ((30, 25, 20), (60, 120, 40), (220, 240, 235), (80, 70, 220)),
    "coffee": ((20, 30, 45), (245, 245, 245), (250, 250, 250), (35, 60, 95)),
    "plate": ((25, 22, 20), (240, 240, 240), (255, 255, 255), (90, 140, 170)),
    "walnut": ((15, 15, 15), (235, 240, 240), (250, 250, 250), (110, 160, 200)),
    "washing machine": ((10, 10, 12), (250, 250, 250), (230, 230, 230), (120, 110, 100)),
}
"""Ground, rim, pith and flesh of round things."""


def round_things(random: np.random.Generator, kind: str) -> List[np.ndarray]:
    """Photographs of things with a light rim around something darker, on a dark ground."""
    ground, rim, pith, flesh = ROUND[kind]
    pictures = []
    for size in _sizes(random):
        picture = np.full((SIDE, SIDE, 3), ground, np.uint8)
        axes = np.array([random.uniform(0.85, 1.0), 1.0]) * size
        for share, colour in ((1.0, rim), (0.94, pith), (0.84, flesh)):
            cv2.ellipse(picture, (128, 128), tuple(int(v) for v in share * axes), 0, 0, 360, colour, -1, cv2.LINE_AA)
        for _ in range(30):
            x, y = random.normal(128, size * 0.3, 2).astype(int)
            shade = tuple(int(v * random.uniform(0.4, 1.2)) for v in flesh)
            cv2.ellipse(
                picture, (int(x), int(y)), (int(random.integers(2, 14)), 3), random.uniform(0, 180), 0, 360, shade, -1
            )
        pictures.append(_textured(random, cv2.GaussianBlur(picture, (0, 0), 1.0), 0.06))
    return pictures


def photographs(random: np.random.Generator) -> List[np.ndarray]:
    """Landscapes, as a gallery shows them."""
    return [cv2.resize(landscape(random, SIDE), (SIDE, SIDE)) for _ in range(COUNT)]


def charts(random: np.random.Generator) -> List[np.ndarray]:
    """Pie charts, bars and curves on a light or dark ground."""
    pictures = []
    for number in range(COUNT):
        dark = bool(random.random() < 0.5)
        picture = np.full((SIDE, SIDE, 3), 20 if dark else 250, np.uint8)
        kind = number % 3
        if kind == 0:
            ends = np.sort(random.uniform(0, 360, 5))
            for begin, end in zip(ends, np.roll(ends, -1) + 360 * (np.arange(5) == 4)):
                cv2.ellipse(picture, (128, 128), (96, 96), 0, begin, end, _colour(random), -1, cv2.LINE_AA)
            if random.random() < 0.5:
                cv2.circle(picture, (128, 128), 50, (120, 120, 120), -1)
        elif kind == 1:
            for x in range(30, 230, 25):
                cv2.rectangle(picture, (x, int(random.integers(40, 200))), (x + 16, 225), _colour(random), -1)
        else:
            line = np.cumsum(random.normal(0, 6, 200)) + 128
            points = np.stack([np.arange(200) + 28, line], axis=1).astype(np.int32)
            cv2.polylines(picture, [points], False, _colour(random), 2, cv2.LINE_AA)
        pictures.append(picture)
    return pictures


def plain(random: np.random.Generator, level: int) -> List[np.ndarray]:
    """Fields of one grey, a little noisy."""
    return [np.clip(random.normal(level, 2, (SIDE, SIDE)), 0, 255).astype(np.uint8) for _ in range(COUNT)]


def noise(random: np.random.Generator, cell: int) -> List[np.ndarray]:
    """Noise of one grain."""
    fields = random.integers(0, 256, (COUNT, SIDE // cell, SIDE // cell)).astype(np.uint8)
    return [cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for field in fields]


def prints(random: np.random.Generator) -> List[np.ndarray]:
    """Pages of a document, side by side as a reader shows them."""
    return [cv2.resize(page(random, 400), (SIDE, SIDE), interpolation=cv2.INTER_AREA) for _ in range(COUNT)]


def desk(random: np.random.Generator) -> np.ndarray:
    """A desk from above: wood, papers, a keyboard, a cup, a telephone, a plant."""
    columns, rows = PAGE
    wood = np.full((rows, columns, 3), (70, 110, 160), np.float32) * random.uniform(0.3, 1.1)
    wood *= 1 + 0.1 * np.sin(np.linspace(0, 90, rows) + random.normal(0, 0.2, rows))[:, None, None]
    picture = _textured(random, wood, 0.05)
    for _ in range(int(random.integers(2, 5))):
        box = cv2.boxPoints(((random.uniform(0, columns), random.uniform(0, rows)), (330, 450), random.uniform(0, 180)))
        cv2.fillConvexPoly(picture, box.astype(np.int32), (245, 245, 240))
        for line in np.linspace(0.1, 0.9, 18):
            first, last = box[0] + line * (box[1] - box[0]), box[3] + line * (box[2] - box[3])
            start, end = first + 0.1 * (last - first), first + random.uniform(0.5, 0.9) * (last - first)
            cv2.line(picture, tuple(start.astype(int).tolist()), tuple(end.astype(int).tolist()), (60, 60, 60), 2)
    x, y = int(random.uniform(100, 700)), int(random.uniform(350, 520))
    cv2.rectangle(picture, (x, y), (x + 460, y + 150), (40, 40, 42), -1)
    for row in range(5):
        for key in range(15):
            corner = (x + 8 + key * 30, y + 8 + row * 28)
            cv2.rectangle(picture, corner, (corner[0] + 25, corner[1] + 23), (80, 80, 84), -1)
    cup = int(random.uniform(150, 1100)), int(random.uniform(120, 300))
    size = int(random.integers(60, 110))
    for radius, colour in ((size, (245, 245, 245)), (int(size * 0.86), (30, 50, 80))):
        cv2.circle(picture, cup, radius, colour, -1, cv2.LINE_AA)
    cv2.rectangle(picture, (1050, 420), (1180, 680), (15, 15, 15), -1)
    return _textured(random, cv2.GaussianBlur(picture, (0, 0), 1.0), 0.03)


def room(random: np.random.Generator) -> np.ndarray:
    """A dark room with a lamp, a window and a screen that is off."""
    columns, rows = PAGE
    picture = np.full((rows, columns, 3), random.integers(15, 60), np.float32)
    cv2.circle(picture, (int(random.integers(100, 1100)), 120), int(random.integers(40, 120)), (220, 240, 255), -1)
    cv2.rectangle(picture, (700, 250), (1150, 520), (8, 8, 10), -1)
    cv2.rectangle(picture, (60, 180), (330, 560), (200, 190, 170), -1)
    return _textured(random, cv2.GaussianBlur(picture, (0, 0), 25), 0.05)


def gallery(pictures: List[np.ndarray], columns: int = 5) -> np.ndarray:
    """Pictures side by side, with nothing around them: BGR."""
    coloured = [cv2.cvtColor(one, cv2.COLOR_GRAY2BGR) if one.ndim == 2 else one for one in pictures]
    lines = [np.hstack(coloured[start : start + columns]) for start in range(0, len(coloured), columns)]
    return np.vstack(lines)


def scenes() -> Dict[str, Draw]:
    """Series of pictures that no scanner made, by their names."""
    found: Dict[str, Draw] = {
        "eggs": lambda random: rings(random, False),
        "textured eggs": lambda random: rings(random, True),
        "faces": faces,
        "portraits": portraits,
        "landscapes": photographs,
        "charts": charts,
        "black": lambda random: plain(random, 0),
        "white": lambda random: plain(random, 255),
        "grey": lambda random: plain(random, int(random.integers(60, 200))),
        "noise": lambda random: noise(random, 1),
        "coarse noise": lambda random: noise(random, 8),
        "documents": prints,
    }
    for kind in ROUND:
        found[kind] = lambda random, kind=kind: round_things(random, kind)
    return found


def _address(picture: np.ndarray) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(cv2.imencode(".jpg", picture)[1].tobytes()).decode("ascii")


def web_pages(random: np.random.Generator) -> Dict[str, str]:
    """HTML of pages as people have them open, by name."""
    words = "the of hospital and to patient in a night is that for it was with on as by at screen report".split()

    def text(count: int) -> str:
        return " ".join(random.choice(words, count))

    def image(width: int, picture: np.ndarray) -> str:
        return f'<img width="{width}" src="{_address(picture)}" alt="">'

    paragraphs = "".join(f"<h2>{text(4)}</h2><p>{text(120)}</p>" for _ in range(5))
    rows = "".join("<tr>" + "".join(f"<td>{random.integers(1e5)}</td>" for _ in range(9)) + "</tr>" for _ in range(24))
    photographs_ = [landscape(random, 300) for _ in range(8)]
    people = portraits(random)[:8]
    cards = "".join(f"<div>{image(260, picture)}<p>{text(8)}</p></div>" for picture in photographs_)
    avatars = "".join(
        f'<p><img width="96" style="border-radius:50%" src="{_address(picture)}"> {text(14)}</p>' for picture in people
    )
    code = "<br>".join("&nbsp;" * int(random.integers(0, 12)) + text(int(random.integers(2, 9))) for _ in range(34))
    round_ = "".join(
        f'<div class="o" style="border-color:#fff;background:rgb({grey},{grey},{grey})"></div>'
        for grey in random.integers(60, 190, 20)
    )
    grid = "display:grid;grid-template-columns:repeat(4,1fr);gap:16px"
    return {
        "article": f"<body style='font:18px serif;margin:40px'>{paragraphs}</body>",
        "table": f"<body><table border=1 style='width:100%;font:15px sans-serif'>{rows}</table></body>",
        "photographs": f"<body style='font:14px sans-serif'><h1>{text(3)}</h1><div style='{grid}'>{cards}</div></body>",
        "people": f"<body style='background:#18191a;color:#ddd;font:17px sans-serif'>{avatars}</body>",
        "code": f"<body style='background:#1e1e1e;color:#9cdcfe;font:15px monospace'>{code}</body>",
        "circles": "<style>.o{border:14px solid;border-radius:50%;width:130px;height:160px;margin:8px}</style>"
        f"<body style='background:#000;display:flex;flex-wrap:wrap'>{round_}</body>",
        "login": "<body style='background:#e8eef5;font:20px sans-serif;text-align:center'><h1>Sign in</h1>"
        "<input><br><br><input><br><br><button>OK</button></body>",
        "large photograph": f"<body style='margin:0;background:#111'>{image(1280, landscape(random, 720))}</body>",
    }
