import { render } from 'preact'
import { startRouter } from './app/router.ts'
import { findSession } from './app/session.ts'
import { followTheme } from './app/theme.ts'
import { App } from './shell/app.tsx'

followTheme()
startRouter()
void findSession()
render(<App />, document.getElementById('app') as HTMLElement)
