// Says in one line that this Node is too old. Plain JavaScript without imports, so that any Node can read it.

/** In package.json: engines. */
const [leastMajor, leastMinor] = [20, 19]

/** Ends the process of a Node that is older. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return
  console.error(
    `torii: Node.js ${leastMajor}.${leastMinor} or newer is needed, and this is ${process.versions.node}: see https://nodejs.org, or "nvm install 20"`,
  )
  process.exit(1)
}
