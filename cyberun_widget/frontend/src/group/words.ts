// Display names of a sheet's statuses, shared with the kernel.
import { sweep_status } from "../../../support/words.json";
import { count } from "../shared/units.ts";

const NAMES: Readonly<Record<string, string>> = sweep_status;

export const statusName = (status: string): string => NAMES[status] ?? status;

/** Points by status: "12 completed · 1 failed". */
export const countsText = (counts: Iterable<[status: string, points: number]>): string =>
	[...counts].map(([status, points]) => `${count(points)} ${statusName(status).toLowerCase()}`).join(" · ");

/** The statuses of tasks that haven't ended. */
export const ACTIVE: ReadonlySet<string> = new Set(["submitting", "submitted", "pending", "waiting", "provisioning", "queued", "running"]);
export const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled", "error"]);

/** A metric, short enough for a cell. */
export function metric(value: number): string {
	if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
	const size = Math.abs(value);
	return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}
