/** Code points of a name that is shown. */
const longestName = 40

/**
 * A name that a stranger may have chosen, such as that of a device, as other people may read it: there is no room in it
 * for a text of its own or a link. Empty if nothing of it is left.
 */
export const plainName = (text: string): string => {
  const words = text
    .replace(/[^\p{L}\p{N}\p{M} ,()_'’-]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  return [...words].slice(0, longestName).join('').trim()
}

/** The same of a version: dots between digits stay. */
export const plainVersion = (text: string): string =>
  text
    .split(/(?<=\d)\.(?=\d)/)
    .map(plainName)
    .join('.')
    .slice(0, longestName)
