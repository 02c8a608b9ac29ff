/** Ends the process of a Node that is too old, with one line. */
export declare function checkNode(): void
