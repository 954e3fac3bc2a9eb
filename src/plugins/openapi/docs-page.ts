/**
 * What the docs page may load: only what this service itself serves. Styles are inline because Scalar injects them;
 * no script is. Fonts, telemetry and proxies of others are refused by the browser even if a setting let them through.
 */
export const DOCS_CSP = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Relative addresses, so that the page works behind a proxy that adds a path. */
export const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Consilium API</title>
  </head>
  <body>
    <div id="app"></div>
    <noscript>The description of this API is at <a href="openapi.json">openapi.json</a>.</noscript>
    <script src="docs/scalar.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`

const CONFIGURATION = {
  url: 'openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  persistAuth: false,
  agent: { disabled: true },
  mcp: { disabled: true },
}

/** Starts the page. A file of its own, so that the policy need not allow inline scripts. */
export const DOCS_START = `Scalar.createApiReference('#app', ${JSON.stringify(CONFIGURATION)})\n`
