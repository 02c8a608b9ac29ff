/** Whether a path belongs to a business. What servers read in different ways belongs to none. */
const isOdd = (path: string) =>
  !/^\/[\w\-.~!$&'()*+,;=:@/]*$/.test(path) || /\/\.{0,2}(?=\/)|\/\.{1,2}$/.test(path)

/** Where a route of a business begins: `/pay` has `/pay` and `/pay/x`, not `/payroll`. */
export const isRoute = (text: string): boolean =>
  text.length <= 200 && !isOdd(text) && (text === '/' || !text.endsWith('/'))

export const isUnderRoute = (path: string, routes: readonly string[]): boolean =>
  routes.length === 0 ||
  (!isOdd(path) && routes.some((route) => route === '/' || path === route || path.startsWith(`${route}/`)))
