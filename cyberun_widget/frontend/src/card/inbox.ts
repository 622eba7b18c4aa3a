// Parts of files that the kernel sent ahead, kept until the module `files` is there to take them.
import revisions from "cyberun:revisions";
import { page, type Inbox } from "../shared/page.ts";

const revision = revisions["files"] ?? "";

/** This release's, for all cards of the page. */
export const inbox: Inbox = page.inboxes.get(revision) ?? { early: [] };
page.inboxes.set(revision, inbox);
