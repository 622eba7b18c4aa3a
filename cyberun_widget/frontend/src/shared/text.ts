// Texts put together from parts.

/** The parts that are there, side by side. */
export const dots = (...parts: unknown[]): string => parts.filter(Boolean).join(" · ");

/** A moment as the time of day, with the date where it is not today's; "" for none. */
export function daytime(iso: string | null): string {
	const moment = new Date(iso ?? "");
	if (Number.isNaN(+moment)) return "";
	const old = Date.now() - +moment > 86_400_000;
	return old ? moment.toLocaleString() : moment.toLocaleTimeString([], { timeStyle: "short" });
}
