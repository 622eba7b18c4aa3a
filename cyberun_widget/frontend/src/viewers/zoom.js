// A picture in a frame: fitted at first, zoomed and moved by wheel, touch and mouse.

const MAX = 32; // CSS pixels per pixel of the picture
const PIXELS = 3; // from this scale on, pixels are shown as squares
const MARGIN = 20; // CSS pixels left free around a fitted picture

/** The position of a picture of `natural` size in a `frame`, in CSS pixels. */
export class Placement {
	scale = 1;
	x = 0;
	y = 0;
	/** Whether it follows the frame's size: as when opened, or enlarged to fit. */
	fitted = true;
	enlarged = false;
	frame = { width: 1, height: 1 };
	natural = { width: 1, height: 1 };

	/** The scale at which the picture fits the frame; above 1 for small pictures. */
	get fit() {
		const room = (/** @type {number} */ length) => Math.max(1, length - 2 * MARGIN);
		return Math.min(MAX, room(this.frame.width) / this.natural.width, room(this.frame.height) / this.natural.height);
	}

	/** @param {boolean} [enlarged] false: small pictures keep their size */
	toFit(enlarged = true) {
		this.fitted = true;
		this.enlarged = enlarged;
		this.scale = enlarged ? this.fit : Math.min(1, this.fit);
		this.x = (this.frame.width - this.natural.width * this.scale) / 2;
		this.y = (this.frame.height - this.natural.height * this.scale) / 2;
	}

	/** @param {number} scale @param {number} [atX] the fixed point @param {number} [atY] */
	zoomTo(scale, atX = this.frame.width / 2, atY = this.frame.height / 2) {
		const next = Math.min(MAX, Math.max(Math.min(this.fit, 1) / 2, scale));
		this.x = atX - ((atX - this.x) * next) / this.scale;
		this.y = atY - ((atY - this.y) * next) / this.scale;
		this.scale = next;
		this.fitted = this.enlarged = Math.abs(next / this.fit - 1) < 0.001;
		this.keep();
	}

	/** @param {number} dx @param {number} dy */
	move(dx, dy) {
		this.x += dx;
		this.y += dy;
		this.keep();
	}

	/** Keep the picture in view: centred if it is smaller than the frame, without gaps if it is larger. */
	keep() {
		const inside = (/** @type {number} */ at, /** @type {number} */ room, /** @type {number} */ size) =>
			size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at));
		this.x = inside(this.x, this.frame.width, this.natural.width * this.scale);
		this.y = inside(this.y, this.frame.height, this.natural.height * this.scale);
	}
}

/**
 * @param {HTMLElement} stage
 * @param {HTMLImageElement} picture decoded
 * @param {import("../shared/life.ts").Life} life
 * @param {(place: Placement) => void} onPlace
 */
export function zoomable(stage, picture, life, onPlace) {
	const { signal } = life;
	const place = new Placement();
	place.natural = { width: picture.naturalWidth || 1, height: picture.naturalHeight || 1 };
	const draw = () => {
		picture.style.width = `${place.natural.width * place.scale}px`;
		picture.style.height = `${place.natural.height * place.scale}px`;
		picture.style.transform = `translate(${Math.round(place.x)}px, ${Math.round(place.y)}px)`;
		picture.classList.toggle("cy-v-pixels", place.scale >= PIXELS);
		stage.classList.toggle("cy-v-zoomed", place.scale > place.fit * 1.001);
		onPlace(place);
	};
	const measure = () => {
		place.frame = { width: stage.clientWidth || 1, height: stage.clientHeight || 1 };
		if (place.fitted) place.toFit(place.enlarged);
		else place.keep();
		draw();
	};
	const at = (/** @type {{clientX: number, clientY: number}} */ event) => {
		const box = stage.getBoundingClientRect();
		return /** @type {const} */ ([event.clientX - box.left, event.clientY - box.top]);
	};
	const act = {
		place,
		zoom: (/** @type {number} */ scale, /** @type {readonly [number, number] | undefined} */ point = undefined) => {
			place.zoomTo(scale, ...(point ?? []));
			draw();
		},
		move: (/** @type {number} */ dx, /** @type {number} */ dy) => {
			place.move(dx, dy);
			draw();
		},
		fit: () => {
			place.toFit();
			draw();
		},
	};
	const observer = new ResizeObserver(measure);
	observer.observe(stage);
	life.onEnd(() => observer.disconnect());
	measure();

	stage.addEventListener(
		"wheel",
		(event) => {
			event.preventDefault();
			const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 24 : event.deltaY;
			act.zoom(place.scale * Math.exp(-Math.max(-200, Math.min(200, pixels)) / 400), at(event));
		},
		{ passive: false, signal },
	);
	stage.addEventListener(
		"dblclick",
		(event) => (place.scale === place.fit ? act.zoom(Math.max(1, place.fit * 2), at(event)) : act.fit()),
		{ signal },
	);
	drags(stage, act, at, signal);
	return act;
}

/**
 * Move with one finger or the mouse, zoom with two fingers.
 * @param {HTMLElement} stage
 * @param {{place: Placement, zoom: (scale: number, point?: readonly [number, number]) => void, move: (dx: number, dy: number) => void}} act
 * @param {(event: {clientX: number, clientY: number}) => readonly [number, number]} at
 * @param {AbortSignal} signal
 */
function drags(stage, act, at, signal) {
	/** @type {Map<number, readonly [number, number]>} */
	const fingers = new Map();
	const spread = () => {
		const [a, b] = [...fingers.values()];
		return a && b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
	};
	stage.addEventListener(
		"pointerdown",
		(event) => {
			if (event.button !== 0) return;
			stage.setPointerCapture(event.pointerId);
			fingers.set(event.pointerId, at(event));
		},
		{ signal },
	);
	stage.addEventListener(
		"pointermove",
		(event) => {
			const before = fingers.get(event.pointerId);
			if (!before) return;
			const [now, wide] = [at(event), spread()];
			fingers.set(event.pointerId, now);
			if (wide > 0) act.zoom((act.place.scale * spread()) / wide, now);
			else act.move(now[0] - before[0], now[1] - before[1]);
		},
		{ signal },
	);
	const lift = (/** @type {PointerEvent} */ event) => fingers.delete(event.pointerId);
	stage.addEventListener("pointerup", lift, { signal });
	stage.addEventListener("pointercancel", lift, { signal });
}
