// Parts of files that the kernel sent in advance, kept until the module `files` is loaded.
import revisions from "cyberun:revisions";
import { page, type Inbox } from "../shared/page.ts";

const revision = revisions["files"] ?? "";

/** The inbox of this release, shared by all cards of the page. */
export const inbox: Inbox = page.inboxes.get(revision) ?? { early: [] };
page.inboxes.set(revision, inbox);
