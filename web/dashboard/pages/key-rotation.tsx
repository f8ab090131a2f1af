import { PageHead } from '../components/page.tsx'

export default function Soon() {
  return <PageHead title="Soon" />
}
