// Links the zoom of several frames: zooming or moving one changes all.
import type { Life } from "../shared/life.ts";
import { zoomable, type Placement } from "../viewers/zoom.js";

type Zoom = ReturnType<typeof zoomable>;

export interface ZoomedFrame {
	stage: HTMLElement;
	picture: HTMLImageElement;
}

/**
 * Zoom and move all frames together. The frames have the same size; pictures of different sizes show the same
 * relative area. `onPlace` is called with the position of the first picture.
 */
export function linkZoom(frames: readonly ZoomedFrame[], life: Life, onPlace: (place: Placement) => void = () => undefined): Zoom {
	const zooms: Zoom[] = [];
	let following = false;
	frames.forEach(({ stage, picture }, index) => {
		const zoom = zoomable(stage, picture, life, (place) => {
			if (index === 0) onPlace(place);
			if (following) return;
			following = true;
			for (const other of zooms) if (other.place !== place) follow(other, place);
			following = false;
		});
		zooms.push(zoom);
	});
	const [first] = zooms;
	if (!first) throw new Error("There is no picture to zoom.");
	first.fit(); // and all others: small pictures are enlarged too, so that differences are visible
	return first;
}

/** Show the same area as another frame. */
function follow(zoom: Zoom, other: Placement): void {
	const { place } = zoom;
	if (other.fitted) {
		zoom.fit();
		return;
	}
	const ratio = other.natural.width / place.natural.width;
	place.fitted = false;
	place.scale = other.scale * ratio;
	place.x = other.x;
	place.y = other.y;
	zoom.move(0, 0); // draws, and keeps the picture in view
}
