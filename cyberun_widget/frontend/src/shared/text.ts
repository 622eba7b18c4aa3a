// Builds texts from parts.

/** Join the non-empty parts. */
export const dots = (...parts: unknown[]): string => parts.filter(Boolean).join(" · ");

/** A time as the time of day, with the date if it isn't today; "" for none. */
export function daytime(iso: string | null): string {
	const moment = new Date(iso ?? "");
	if (isNaN(+moment)) return "";
	const old = Date.now() - +moment > 86_400_000;
	return old ? moment.toLocaleString() : moment.toLocaleTimeString([], { timeStyle: "short" });
}
