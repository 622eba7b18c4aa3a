/** Every state of the card, as the kernel would tell it. Made-up numbers. */

const today = new Date().toISOString().slice(0, 10);
const facts = {
  title: "text-to-image", tool: "comfyui", gpu: "RTX 4090", labels: [], created: `${today}T14:30:05Z`, started: null, ended: null, waited: null,
  node: "", speed: null, attempt: 1, news: 0, retry_in: null, problem: null, cancel: "", failed_at: "", details: "", note: "", download: null,
  saved: null, stopped: false, actions: [], parameters: { seed: 7, steps: 2500 },
};
const task = {
  task_id: "019abc12-7d41-7c3e-9f2a-5b1c0de47896", status: "unknown", progress: 0, stage: "", message: "", current_node: "", step_current: null,
  step_total: null, error: null, output: null, connection: "live", elapsed: 0, eta: null, stages: [], artifacts: [], density: "full", label: "", _facts: facts, _beat: 1,
};
const STAGES = ["download", "process_data", "train", "export", "upload"];

/** @param {object} [traits] @param {object} [more] facts */
const state = (traits = {}, more = {}) => {
  const made = { ...task, ...traits };
  const ended = ["completed", "failed", "cancelled"].includes(made.status);
  const asked = Boolean(/** @type {any} */ (more).cancel);
  const actions = [...(ended || asked ? [] : ["cancel"]), ...(made.artifacts.length ? ["save_all"] : [])];
  return { ...made, _facts: { ...facts, actions, ...more } };
};
/** @param {object} [traits] @param {object} [more] facts */
const comfy = (traits = {}, more = {}) =>
  state(
    { status: "running", progress: 0.354, step_current: 7, step_total: 20, current_node: "3", elapsed: 14.2, eta: 26, ...traits },
    { node: "KSampler", speed: 2.13, started: `${today}T14:30:12Z`, ...more },
  );
/** Stages up to and with the one at `at`. @param {number} at @param {(number|null)[]} seconds @param {number} own @param {string} [word] */
const stages = (at, seconds, own, word = "running") =>
  STAGES.map((name, i) => ({
    name, state: i < at ? "done" : i === at ? word : "pending", seconds: seconds[i] ?? null, progress: i < at ? 1 : i === at ? own : null,
  }));
/** @param {object} [traits] @param {object} [more] facts */
const splat = (traits = {}, more = {}) =>
  state(
    { task_id: "019abd77-0b5e-7d10-8c44-93f0aa2e01c2", status: "running", ...traits },
    { title: "garden-splat", tool: "nerfstudio", gpu: "A100", started: `${today}T14:30:12Z`, ...more },
  );
/** @param {string} key @param {string} name @param {string} kind @param {object} [more] */
const file = (key, name, kind, more = {}) => ({
  key, name, kind, mime: "", size: 1_834_112, group: "", state: "ready", received: 0, error: null, width: null, height: null, duration: null,
  poster: null, poster_mime: "", path: null, ...more,
});
/** A picture the page draws itself, see paint.js. @param {number} i @param {object} [more] */
const picture = (i, more = {}) =>
  file(`9.images.${i}`, `lichen_0000${i + 1}_.png`, "image", { mime: "image/png", group: "Save Image · 9", width: 512, height: 512, size: 412_000 + 9_137 * i, paint: i + 1, ...more });
const finished = { status: "completed", progress: 1, connection: "closed", elapsed: 40.2 };
const gone = { ended: `${today}T14:30:45Z` };

/** One of twelve runs of a workflow, made in one go, as a line. @param {number} i */
const sibling = (i) => {
  const own = { task_id: `019abc12-7d41-7c3e-9f2a-5b1c0de4${(7000 + 137 * i).toString(16)}`, density: "compact", label: i === 4 ? "try 3" : "" };
  const about = { parameters: { seed: 7 + i, steps: 20 + 10 * (i % 3), prompt: "lichen on basalt, macro, raking light" } };
  if (i === 2) return comfy({ ...own, status: "failed", connection: "closed", error: "Out of GPU memory: 512 MB more were needed." }, { ...gone, ...about, actions: ["run_again"] });
  if (i > 9) return state({ ...own, status: "queued", elapsed: 52 }, about);
  if (i > 7) return comfy({ ...own, progress: 0.2 * (i - 6) }, about);
  return state({ ...finished, ...own, elapsed: 40 + 7 * i, artifacts: [picture(i)] }, { ...gone, ...about });
};

/** @type {Record<string, any>} */
export const states = {
  connecting: state({ connection: "connecting" }, { title: "", gpu: "", created: null }),
  pending: state({ status: "pending", elapsed: 3 }, { gpu: "" }),
  waiting: state({ status: "waiting", elapsed: 151 }, { labels: ["gpu", "comfyui"], gpu: "", waited: 151 }),
  "waiting-unlabelled": state({ status: "waiting", elapsed: 64 }, { gpu: "" }),
  provisioning: state({ status: "provisioning", elapsed: 48 }, { gpu: "" }),
  queued: state({ status: "queued", elapsed: 52 }),
  "running-no-steps": comfy({ progress: 0.12, step_current: null, step_total: null, eta: null }, { node: "Load Checkpoint", speed: null }),
  "running-first": comfy({ progress: 0, step_current: null, step_total: null, eta: null, current_node: "" }, { node: "", speed: null }),
  running: comfy(),
  "running-message": comfy({ message: "Sampling at 1024 × 1024" }, { attempt: 2 }),
  "stage-download": splat({ stage: "download", progress: 0.02, elapsed: 5, message: "Fetching 48 photos", stages: stages(0, [5], 0.4) }),
  "stage-process": splat({ stage: "process_data", progress: 0.11, elapsed: 63, message: "Matching features", stages: stages(1, [8, 55], null) }),
  "stage-train": splat({ stage: "train", progress: 0.58, elapsed: 490, eta: 352, step_current: 18_600, step_total: 30_000, stages: stages(2, [8, 102, 380], 0.62) }, { speed: 49 }),
  "stage-export": splat({ stage: "export", progress: 0.93, elapsed: 771, eta: 30, stages: stages(3, [8, 102, 612, 49], 0.5) }),
  "stage-upload": splat({ stage: "upload", progress: 0.98, elapsed: 804, eta: 4, stages: stages(4, [8, 102, 612, 71, 11], 0.7) }),
  polling: comfy({ connection: "polling" }, { problem: { text: "The server does not stream this task.", retrying: true } }),
  reconnecting: splat(
    { connection: "reconnecting", stage: "train", progress: 0.58, elapsed: 490, eta: 352, step_current: 18_600, step_total: 30_000, stages: stages(2, [8, 102, 380], 0.62) },
    { retry_in: 4, news: 12, problem: { text: "The server answered 502.", retrying: true } },
  ),
  note: comfy({}, { note: "The server could not read the task’s state this time. It is asked again." }),
  "cancel-requested": comfy({}, { cancel: "requested" }),
  stopped: comfy({ connection: "closed" }, { stopped: true, actions: ["resume"] }),
  "kernel-silent": { ...comfy(), silent: 47 },
  "unknown-status": comfy({ status: "hibernating", eta: null }),
  "fatal-connection": comfy(
    { connection: "error", error: "This is an agent key (ak-…), which can't read tasks. Create an integration key (sk-…) under Access and set CYBERUN_API_KEY." },
    { actions: ["reconnect"] },
  ),
  completed: state(
    { ...finished, artifacts: [0, 1, 2, 3].map((i) => picture(i)) }, gone),
  "completed-one": state({ ...finished, artifacts: [picture(5, { width: 768, height: 512 })] }, gone),
  "completed-splat": splat(
    {
      ...finished, elapsed: 815, stages: stages(5, [8, 102, 612, 71, 22], 1),
      artifacts: [
        file("turntable", "turntable.webm", "video", { mime: "video/webm", group: "Render", duration: 1, width: 640, height: 480, size: 2_400_000, paint: 7 }),
        file("scene", "scene.ply", "model", { group: "Export", width: 640, height: 480, size: 61_300_000, paint: 8 }),
        file("mesh", "garden.glb", "model", { group: "Export", size: 8_200_000 }),
        file("metrics", "metrics.json", "json", { mime: "application/json", group: "Export", size: 1_204, text: JSON.stringify({ psnr: 27.41, ssim: 0.893, gaussians: 184_220, views: { train: 43, held_out: 5 } }) }),
      ],
    },
    { ...gone, saved: "4 files saved to results/garden-splat" },
  ),
  downloading: state(
    {
      ...finished,
      artifacts: [
        picture(0),
        picture(1, { state: "downloading", received: 212_000, paint: 0 }),
        picture(2, { state: "waiting", paint: 0 }),
        file("scene", "scene.splat", "model", { group: "Save Image · 9", state: "offered", size: 120_400_000 }),
        picture(4, { state: "failed", error: "The file ended after 3.1 of 4.2 MB.", paint: 0 }),
      ],
    },
    { ...gone, download: { done: 1, total: 3, received: 620_000, size: 1_260_000 } },
  ),
  "completed-files": state(
    {
      ...finished,
      artifacts: [
        file("a", "narration.wav", "audio", { mime: "audio/wav", duration: 2, size: 32_044 }),
        file("b", "prompt.txt", "text", { mime: "text/plain", size: 812, text: "lichen on basalt, macro, raking light\nnegative: text, watermark\n" }),
        file("c", "scores.csv", "table", { mime: "text/csv", size: 18_204, text: "seed,steps,score\n1,20,0.81\n2,20,0.93\n3,30,0.88\n" }),
        file("d", "weights.safetensors", "file", { mime: "application/octet-stream", size: 144_000_000, state: "offered" }),
      ],
    },
    gone,
  ),
  "completed-output": state({ ...finished, output: { score: 0.93, seed: 42, labels: ["moss", "lichen"] } }, gone),
  "completed-empty": state(finished, gone),
  failed: splat(
    {
      status: "failed", connection: "closed", progress: 0.09, elapsed: 111, stages: stages(1, [8, 103], 0.6, "failed"),
      error: "Process data failed: only 3 of 48 photos could be placed. Photos need about 70 % overlap; blurred ones don't count.",
    },
    { ...gone, failed_at: "process_data", details: "colmap mapper: no good initial image pair found\nexit code 1\nagent 019a…77, retry 0", actions: ["run_again"] },
  ),
  "failed-node": comfy(
    { status: "failed", connection: "closed", error: "Out of GPU memory: 512 MB more were needed." },
    { ...gone, failed_at: "KSampler", details: "torch.OutOfMemoryError\n  File \"nodes.py\", line 1492, in sample", actions: ["run_again"] },
  ),
  cancelled: comfy({ status: "cancelled", connection: "closed", progress: 0.42, elapsed: 31, step_current: null, step_total: null }, { ...gone, node: "" }),
  "compact-running": comfy({ density: "compact", progress: 0.72, eta: 11 }),
  "compact-waiting": state({ status: "waiting", elapsed: 151, density: "compact" }, { labels: ["gpu"] }),
  "compact-completed": state({ ...finished, density: "compact", artifacts: [0, 1, 2, 3].map((i) => picture(i)) }, gone),
  "compact-failed": comfy({ status: "failed", connection: "closed", density: "compact", error: "Out of GPU memory: 512 MB more were needed. Try a smaller picture." }, { ...gone, actions: ["run_again"] }),
  "long-names": comfy(
    { message: "Sampling_with_a_message_that_has_no_blanks_at_all_and_goes_on_for_longer_than_any_card_is_wide_".repeat(2), artifacts: [picture(2, { name: `${"a_very_long_file_name_".repeat(6)}.png` })] },
    { title: "a-workflow-with-a-name-that-nobody-would-want-to-type-twice-but-somebody-did-it-anyway", node: "UltimateSDUpscaleWithEveryOptionSwitchedOn (custom)", gpu: "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition" },
  ),
  rtl: comfy(
    { message: "جارٍ أخذ العينات بدقة عالية" },
    { title: "تحويل النص إلى صورة", node: "أخذ العينات" },
  ),
};

/** Shown when they are asked for by name: many of a kind. @type {Record<string, any>} */
export const series = {
  ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`sibling-${i + 1}`, sibling(i)])),
  "completed-200": state({ ...finished, artifacts: Array.from({ length: 200 }, (_, i) => picture(i, { paint: 1 + (i % 8), name: `lichen_${String(i + 1).padStart(5, "0")}_.png` })) }, gone),
  "completed-unmeasured": state({ ...finished, artifacts: [0, 1].map((i) => picture(i, { width: null, height: null, paint: 0 })) }, gone),
  "completed-small": state(
    { ...finished, artifacts: Array.from({ length: 13 }, (_, i) => file(`n${i}`, `note-${i + 1}.txt`, "text", { mime: "text/plain", size: 13, text: "lichen, macro" })) },
    gone,
  ),
  ...Object.fromEntries([2, 3, 5, 6, 7].map((n) => [`completed-${n}`, state({ ...finished, artifacts: Array.from({ length: n }, (_, i) => picture(i)) }, gone)])),
  "completed-tiny": state({ ...finished, artifacts: [picture(1, { width: 64, height: 64 }), file("b", "note.txt", "text", { mime: "text/plain", size: 13, text: "lichen, macro" })] }, gone),
  "completed-mixed": state({ ...finished, artifacts: [picture(1, { width: 768, height: 512 }), picture(2), picture(3, { width: 512, height: 900 })] }, gone),
};
