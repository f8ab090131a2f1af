import { render } from 'preact'

render(<h1>Anteroom</h1>, document.getElementById('app') as HTMLElement)
