import { INTERVIEW_PAGE } from '../operations/invites/serialize.ts'
import packageJson from '../package.json' with { type: 'json' }
import type { Api } from './api.ts'

// All from this server, nothing inline; microphone and camera for this page, no other capability for anybody.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')
const permissionsPolicy =
  'camera=(self), microphone=(self), geolocation=(), display-capture=(), payment=(), usb=()'

/** The page that an invite's `url` leads to. Whose invite it is, it reads of the fragment: the server never sees it. */
export async function interviewPageRoutes(app: Api): Promise<void> {
  app.get(INTERVIEW_PAGE, { schema: { hide: true } }, (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', contentSecurityPolicy)
      .header('permissions-policy', permissionsPolicy)
      .header('cache-control', 'no-cache')
      .send(page(`${app.config.basePath}/sdk/${packageJson.version}`)),
  )
}

const page = (assets: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>Interview</title>
<link rel="icon" href="${assets}/icon.svg">
<link rel="stylesheet" href="${assets}/interview.css">
<script src="${assets}/sdk.js" defer></script>
<script src="${assets}/interview.js" defer></script>
</head>
<body>
<main>
<h1 id="title">Interview</h1>
<div id="interview"></div>
<noscript><p>This interview needs JavaScript.</p></noscript>
</main>
</body>
</html>
`
