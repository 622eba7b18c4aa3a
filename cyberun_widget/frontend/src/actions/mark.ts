// A mark in the tab's title, from the end of a task until the user looks at the page.

const GRACE = 2_000; // ms in which mouse movement doesn't count as having seen it
const SIGNS = ["pointermove", "pointerdown", "keydown", "wheel"] as const;
const MARKS = { failed: "✕", cancelled: "○", completed: "✓" };

export type Verdict = keyof typeof MARKS;

let counts: Record<Verdict, number> | null = null; // null: no mark
let token = "";
let seen = new AbortController();

/** Count one ended task in the mark. */
export function mark(verdict: Verdict): void {
	if (!counts) {
		counts = { failed: 0, cancelled: 0, completed: 0 };
		seen = new AbortController();
		watch(seen.signal);
	}
	counts[verdict] += 1;
	const ends = Object.entries(counts).filter(([, count]) => count);
	const alone = ends.length === 1 && counts[verdict] === 1;
	const next = ends.map(([name, count]) => `${MARKS[name as Verdict]}${alone ? "" : count}`).join(" ");
	const bare = bareTitle();
	token = next;
	write(bare);
}

/** Remove the mark. */
function clear(): void {
	const bare = bareTitle();
	seen.abort();
	counts = null;
	token = "";
	document.title = bare;
}

function watch(signal: AbortSignal): void {
	// The host also sets the title, when one of its own tabs is activated or a notebook is saved.
	const observer = new MutationObserver(() => {
		if (token && document.title !== token && !document.title.startsWith(`${token} `)) write(document.title);
	});
	observer.observe(document.head, { childList: true, subtree: true, characterData: true });
	const since = performance.now();
	const look = () => !document.hidden && clear();
	const stir = () => performance.now() - since > GRACE && look();
	window.addEventListener("focus", look, { signal });
	document.addEventListener("visibilitychange", look, { signal });
	for (const sign of SIGNS) document.addEventListener(sign, stir, { signal, capture: true, passive: true });
	signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

function bareTitle(): string {
	const title = document.title;
	return token && (title === token || title.startsWith(`${token} `)) ? title.slice(token.length).trimStart() : title;
}

function write(bare: string): void {
	document.title = `${token} ${bare}`;
}
