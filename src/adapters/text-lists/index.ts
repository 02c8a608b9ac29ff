/**
 * Named lists of texts that live outside of the process: files, a Redis or a database. The same contract on all:
 * - a load is of one moment: lists that were replaced meanwhile are read again;
 * - `replace` happens as a whole or not at all, also when the process is killed in the middle;
 * - a source that is away or has something else in a list's place fails with an error that names it; it never waits
 *   for more than some seconds.
 */
export interface TextListSource {
  /** Where the lists are, for people; never a password. */
  readonly place: string
  /** Differs after each change of a list. Cheap: it is asked every second. */
  version(): Promise<string>
  /** The lists; undefined for one that is not there. Their entries are whatever was written there. */
  load(names: readonly string[]): Promise<Record<string, unknown[] | undefined>>
  replace(name: string, texts: readonly string[], tellProgress?: (written: number) => void): Promise<void>
  close(): Promise<void>
}
