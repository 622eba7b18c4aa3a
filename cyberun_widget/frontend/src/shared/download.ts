// A download in the browser.

const READ = 60_000; // ms that the browser has to read the file after the click

export function saveBlob(blob: Blob, name: string): void {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), READ);
}
