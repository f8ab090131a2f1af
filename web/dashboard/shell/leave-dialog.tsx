import { heldBack, leaveAnyway, leaving } from '../app/router.ts'
import { Dialog } from '../components/dialog.tsx'

/** Asks before a page is left that would lose something. */
export function LeaveDialog() {
  if (heldBack.value === null) return null
  const stay = () => {
    heldBack.value = null
  }
  return (
    <Dialog title="Leave this page?" onClose={stay}>
      <p>{leaving.value}</p>
      <footer class="actions">
        <button type="button" onClick={leaveAnyway}>
          Leave
        </button>
        <button type="button" class="primary" onClick={stay}>
          Stay
        </button>
      </footer>
    </Dialog>
  )
}
