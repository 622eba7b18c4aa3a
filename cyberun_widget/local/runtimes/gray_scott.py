"""`gray-scott`: a reaction-diffusion picture from a small node graph.

Gray and Scott's model: U is fed, V consumes U and decays. dU/dt = Du lap(U) - U V^2 + F (1 - U), dV/dt = Dv lap(V) +
U V^2 - (F + k) V, in explicit steps of 1 on a torus (P. Gray and S. K. Scott, 1984; constants after J. Pearson, 1993).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from cyberun_widget.local.runtimes.colours import shade
from cyberun_widget.local.runtimes.context import RuntimeFailure
from cyberun_widget.local.runtimes.media import write_gif, write_mp4, write_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cyberun_widget.local.runtimes.context import Context

    Field = NDArray[Any]  # of 32-bit floats

_NOISE, _SIMULATE, _COLOURISE, _PICTURE, _VIDEO = "3", "5", "7", "9", "10"
_DU, _DV = np.float32(0.2097), np.float32(0.105)
_FPS: Final = 24
_FRAMES: Final = 96
_CHUNK: Final = 10  # steps between two progress reports
_GRID: Final = 0.7  # cells of the simulation per pixel
_DROPS: Final = 13
_LEAST: Final = 4.5  # cells; smaller drops dissolve before they grow
_SIMULATED: Final = 0.72  # fraction of the whole task
_VISIBLE: Final = 0.05  # of V; below this maximum, nothing is visible
_RIDGE: Final = 0.12  # of V, about half of a ridge's height
_PLAIN: Final = 1e-9  # power of a spectrum without structure


def run(context: Context) -> dict[str, Any]:
    """Grow the pattern and save it. Raises RuntimeFailure if nothing grows with these rates."""
    values = context.parameters
    size, steps = int(values["size"]) // 8 * 8, int(values["steps"])
    context.progress(0.0, node=_NOISE)
    u, v = seed_fields(max(32, round(size * _GRID)), int(values["seed"]))
    history, u, v = _simulate(context, u, v, steps)
    if float(v.max()) < _VISIBLE:
        raise RuntimeFailure(_died(values, v))
    _save_pictures(context, history, size)
    if values.get("video"):
        _save_video(context, history, min(size, 384))
    context.progress(1.0, node=_VIDEO if values.get("video") else _PICTURE, step=steps, total=steps)
    return {"seed": values["seed"], "steps": steps, **measures(v, size)}


def measures(v: Field, size: int) -> dict[str, float | None]:
    """Return the metrics of a pattern, by which sweeps can be sorted and plotted.

    `mean`: the mean of V. `coverage`: the fraction of the picture covered by the pattern, in [0, 1].
    `structure_scale`: the typical distance between ridges, in pixels of a picture of `size`; None for a plain field.
    """
    side = v.shape[0]
    power = np.abs(np.fft.rfft2(v - v.mean())) ** 2
    waves = np.hypot(np.fft.fftfreq(side, 1 / side)[:, None], np.fft.rfftfreq(side, 1 / side)[None])
    total = float(power.sum())
    scale = size * total / float((power * waves).sum()) if total > _PLAIN else None
    return {
        "mean": round(float(v.mean()), 5),
        "coverage": round(float((v > _RIDGE).mean()), 4),
        "structure_scale": None if scale is None else round(scale, 2),
    }


def seed_fields(side: int, seed: int) -> tuple[Field, Field]:
    """Return the initial U and V: U everywhere, with drops of V in a loose spiral."""
    rng = np.random.default_rng(seed)
    u = np.ones((side, side), np.float32)
    v = np.zeros((side, side), np.float32)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    drops = min(_DROPS, max(2, side // 12))
    for index in range(drops):
        # Vogel's spiral spreads the drops evenly; noise hides its regularity.
        angle, radius = turn + index * 2.39996, np.sqrt((index + 0.5) / drops) * 0.47 * side
        x, y = side / 2 + radius * np.cos(angle), side / 2 + radius * np.sin(angle)
        x, y = x + rng.normal(0, side * 0.03), y + rng.normal(0, side * 0.03)
        reach = max(_LEAST, side * rng.uniform(0.012, 0.03) + 1)
        dx, dy = (columns - x + side / 2) % side - side / 2, (rows - y + side / 2) % side - side / 2
        spot = dx * dx + dy * dy < reach * reach
        u[spot], v[spot] = 0.5, 0.25
    v += rng.uniform(0, 0.02, v.shape).astype(np.float32) * (v > 0)
    return u, v


def _simulate(context: Context, u: Field, v: Field, steps: int) -> tuple[list[Field], Field, Field]:
    """Run the model. Returns V at moments spread over the run (the last is the end), and both final fields."""
    feed, kill = np.float32(context.parameters["feed"]), np.float32(context.parameters["kill"])
    side = u.shape[0]
    fields = [np.pad(item, 1, mode="wrap") for item in (u, v)]
    spare = [np.empty((side, side), np.float32) for _ in range(3)]
    # Growth is fast at first: more frames there make the video's motion even.
    moments = {round(steps * (index / (_FRAMES - 1)) ** 1.5) for index in range(_FRAMES)}
    history: list[Field] = []
    for step in range(steps + 1):
        if step in moments:
            history.append(fields[1][1:-1, 1:-1].copy())
        if step % _CHUNK == 0 or step == steps:
            context.progress(_SIMULATED * step / steps, node=_SIMULATE, step=step, total=steps)
        if step < steps:
            _step(fields[0], fields[1], spare, feed, kill)
    return history, fields[0][1:-1, 1:-1], fields[1][1:-1, 1:-1]


def _step(u: Field, v: Field, spare: list[Field], feed: np.float32, kill: np.float32) -> None:
    """Advance both padded fields by one step, in place, without allocating."""
    react, lap, drain = spare
    inner_u, inner_v = u[1:-1, 1:-1], v[1:-1, 1:-1]
    np.multiply(inner_v, inner_v, out=react)
    react *= inner_u
    _laplace(u, lap, _DU)
    lap -= react
    lap += feed
    np.multiply(inner_u, 1 - feed, out=drain)
    np.add(drain, lap, out=inner_u)
    _laplace(v, lap, _DV)
    lap += react
    np.multiply(inner_v, 1 - feed - kill, out=drain)
    np.add(drain, lap, out=inner_v)
    for field in (u, v):
        field[0], field[-1] = field[-2], field[1]
        field[:, 0], field[:, -1] = field[:, -2], field[:, 1]


def _laplace(field: Field, out: Field, rate: np.float32) -> None:
    """Write `rate` times the five-point Laplacian."""
    np.add(field[:-2, 1:-1], field[2:, 1:-1], out=out)
    out += field[1:-1, :-2]
    out += field[1:-1, 2:]
    out -= 4 * field[1:-1, 1:-1]
    out *= rate


def ages(history: list[Field]) -> Field:
    """Return the time at which the pattern reached each cell: 0 at the start, 1 at the end or never."""
    first = np.full(history[0].shape, len(history), np.float32)
    for index in range(len(history) - 1, -1, -1):
        first[history[index] > _RIDGE] = index
    came = first < len(history)
    if not came.any():
        return np.ones_like(first)
    low, high = np.percentile(first[came], (2, 98))
    age = np.clip((first - low) / max(high - low, 1), 0, 1)
    for _ in range(3):  # a ridge's edge fills in late: its neighbours show when the ridge arrived
        around = [np.roll(age, shift, axis) for axis in (0, 1) for shift in (-2, 2)]
        age = np.minimum(age, np.min(around, axis=0))
    for _ in range(6):
        age = (age * 2 + sum(np.roll(age, shift, axis) for axis in (0, 1) for shift in (-2, 2))) / 6
    return np.asarray(age, np.float32)


def picture(field: Field, age: Field, size: int, colormap: str) -> NDArray[np.uint8]:
    """Return the field as a picture of `size` pixels per side: old growth in mid-palette colours, new at the end."""
    values: Field = np.clip(_enlarge(field, size) / np.float32(0.34), 0, 1)
    smooth: Field = values * values * (3 - 2 * values)
    hue: Field = smooth * (np.float32(0.45) + np.float32(0.55) * np.clip(_enlarge(age, size), 0, 1))
    return shade(smooth, hue, colormap, depth=7.0 * size / 512)


def _enlarge(field: Field, size: int) -> Field:
    side = field.shape[0]
    wrapped = np.pad(field, 4, mode="wrap")  # makes the edges as smooth as the middle
    scaled = Image.fromarray(wrapped).resize((size, size), Image.Resampling.BICUBIC, box=(4, 4, side + 4, side + 4))
    return np.asarray(scaled, np.float32)


def _save_pictures(context: Context, history: list[Field], size: int) -> None:
    count, colormap = int(context.parameters.get("batch") or 1), str(context.parameters["colormap"])
    age = ages(history)
    places = [round((len(history) - 1) * (index + 1) / count) for index in range(count)]
    for index, place in enumerate(places):
        context.progress(_SIMULATED + 0.08 * index / count, node=_COLOURISE, step=index, total=count)
        pixels = picture(history[place], age, size, colormap)
        context.progress(_SIMULATED + 0.08 * (index + 0.7) / count, node=_PICTURE)
        name = f"gray-scott-{index + 1:02d}.png" if count > 1 else "gray-scott.png"
        write_png(context.output(f"{_PICTURE}.images.{index}", name, "image/png", _PICTURE), pixels)


def _save_video(context: Context, history: list[Field], size: int) -> None:
    form, colormap = str(context.parameters["format"]), str(context.parameters["colormap"])
    size = min(size, 256) if form == "gif" else size
    total, base = len(history), _SIMULATED + 0.08

    def tell(index: int) -> None:
        context.progress(base + (0.99 - base) * (index + 1) / total, node=_VIDEO, step=index + 1, total=total)

    age = ages(history)
    frames = (picture(field, age, size, colormap) for field in history)
    if form == "gif":
        made = []
        for index, frame in enumerate(frames):
            made.append(frame)
            tell(index)
        write_gif(context.output(f"{_VIDEO}.gifs.0", "gray-scott.gif", "image/gif", _VIDEO), made, _FPS)
        return
    write_mp4(context.output(f"{_VIDEO}.videos.0", "gray-scott.mp4", "video/mp4", _VIDEO), frames, _FPS, on_frame=tell)


def _died(values: Any, v: Field) -> str:
    return (
        f"GrayScottSimulate (node {_SIMULATE}): the pattern died out: nothing is left of V with "
        f"feed={values['feed']:g} and kill={values['kill']:g}. Try feed=0.0545 and kill=0.062.\n\n"
        f"max(V) = {float(v.max()):.3e} after {values['steps']} steps, below the {_VISIBLE} that can be seen\n"
        f"grid = {v.shape[0]} x {v.shape[1]}, Du = {_DU:g}, Dv = {_DV:g}, seed = {values['seed']}"
    )
