const withoutOrigin = new Set(['ftp:', 'file:', 'ws:', 'wss:'])

/**
 * Whether a text is an origin exactly as a browser sends it: `https://app.example.com`, or the one of an app shell such as
 * `capacitor://localhost`, `tauri://localhost` or `chrome-extension://…`. No wildcard, no path, not `null`.
 */
export const isOrigin = (text: string): boolean => {
  if (text.includes('*') || !URL.canParse(text)) return false
  const { origin, protocol } = new URL(text)
  if (/^https?:$/.test(protocol)) return origin === text
  // `URL` knows no origin of the schemes of app shells.
  return !withoutOrigin.has(protocol) && /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]+(:\d+)?$/.test(text)
}
